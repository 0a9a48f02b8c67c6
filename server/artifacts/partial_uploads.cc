#include "server/artifacts/partial_uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/file_io.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSha256Digits = 64;

// Files are named by their content, "-" and a number.
std::string Sha256Of(const std::string& path) {
  return fs::path(path).filename().string().substr(0, kSha256Digits);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartialUploads>> PartialUploads::Open(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return FileError("cannot make folder", folder, error.value());
  return std::unique_ptr<PartialUploads>(new PartialUploads(folder));
}

absl::StatusOr<std::vector<PartialUploads::Entry>> PartialUploads::Idle(
    const std::string& sha256) const {
  std::vector<Entry> idle;
  std::error_code error;
  for (fs::directory_iterator file(folder_, error), end; !error && file != end;
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (name.compare(0, sha256.size(), sha256) != 0 || taken_.count(Path(name)) != 0) continue;
    struct stat info;
    if (lstat(Path(name).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    idle.push_back({name, info.st_size, absl::TimeFromTimespec(info.st_mtim)});
  }
  if (error) return FileError("cannot read folder", folder_, error.value());
  return idle;
}

bool PartialUploads::HasFewerBytes(const Entry& a, const Entry& b) { return a.bytes < b.bytes; }

absl::StatusOr<int64_t> PartialUploads::Committed(const std::string& sha256) {
  const std::lock_guard<std::mutex> lock(mu_);
  BL_ASSIGN_OR_RETURN(const std::vector<Entry> idle, Idle(sha256));
  int64_t committed = 0;
  for (const Entry& entry : idle) committed = std::max(committed, entry.bytes);
  return committed;
}

absl::StatusOr<PartialUpload> PartialUploads::Take(const std::string& sha256, int64_t offset) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (offset == 0) return Create(sha256);
  BL_ASSIGN_OR_RETURN(const std::vector<Entry> idle, Idle(sha256));
  const auto largest = std::max_element(idle.begin(), idle.end(), HasFewerBytes);
  const int64_t committed = largest == idle.end() ? 0 : largest->bytes;
  if (committed < offset) {
    return absl::OutOfRangeError(
        absl::StrFormat("data at offset %d would leave a gap: %d B are there", offset, committed));
  }
  PartialUpload upload;
  upload.path = Path(largest->name);
  BL_ASSIGN_OR_RETURN(upload.file, OpenFile(upload.path, O_RDWR | O_NOFOLLOW));
  if (ftruncate(upload.file.get(), offset) != 0) {
    return FileError("cannot go on with", upload.path, errno);
  }
  taken_.insert(upload.path);
  return upload;
}

absl::StatusOr<PartialUpload> PartialUploads::Create(const std::string& sha256) {
  for (int number = 0;; ++number) {
    PartialUpload upload;
    upload.path = Path(absl::StrCat(sha256, "-", number));
    if (taken_.count(upload.path) != 0) continue;  // It may just have been renamed.
    upload.file = UniqueFd(open(upload.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (upload.file.ok()) {
      taken_.insert(upload.path);
      return upload;
    }
    if (errno != EEXIST) return FileError("cannot create", upload.path, errno);
  }
}

void PartialUploads::GiveBack(const PartialUpload& upload) {
  const std::lock_guard<std::mutex> lock(mu_);
  taken_.erase(upload.path);
  const absl::StatusOr<std::vector<Entry>> idle = Idle(Sha256Of(upload.path));
  if (!idle.ok()) return;  // Then there may be several, until they are old.
  const auto largest = std::max_element(idle->begin(), idle->end(), HasFewerBytes);
  for (auto entry = idle->begin(); entry != idle->end(); ++entry) {
    if (entry != largest || entry->bytes == 0) unlink(Path(entry->name).c_str());
  }
}

void PartialUploads::Remove(const PartialUpload& upload) {
  const std::lock_guard<std::mutex> lock(mu_);
  unlink(
      upload.path.c_str());  // Of no use any more; where it stays it is removed with the old ones.
  taken_.erase(upload.path);
}

void PartialUploads::RemoveIdle(const std::string& sha256) {
  const std::lock_guard<std::mutex> lock(mu_);
  const absl::StatusOr<std::vector<Entry>> idle = Idle(sha256);
  if (!idle.ok()) return;  // They are removed with the old ones.
  for (const Entry& entry : *idle) unlink(Path(entry.name).c_str());
}

absl::StatusOr<PartialUploads::Removed> PartialUploads::RemoveIdleSince(absl::Time time) {
  const std::lock_guard<std::mutex> lock(mu_);
  BL_ASSIGN_OR_RETURN(const std::vector<Entry> idle, Idle(""));
  Removed removed;
  for (const Entry& entry : idle) {
    if (entry.written >= time || unlink(Path(entry.name).c_str()) != 0) continue;
    ++removed.files;
    removed.bytes += entry.bytes;
  }
  return removed;
}

absl::StatusOr<int64_t> PartialUploads::IdleBytes() {
  const std::lock_guard<std::mutex> lock(mu_);
  BL_ASSIGN_OR_RETURN(const std::vector<Entry> idle, Idle(""));
  int64_t bytes = 0;
  for (const Entry& entry : idle) bytes += entry.bytes;
  return bytes;
}

}  // namespace boardloop
