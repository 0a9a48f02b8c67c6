#include "cli/client/artifact_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/client/file_lock.h"
#include "core/base/artifact_name.h"
#include "core/base/file_io.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kIncomingTtl = absl::Hours(24);
constexpr char kIncoming[] = ".new";  // Downloaded, and not an artifact of the cache yet.
constexpr size_t kSha256Digits = 64;
constexpr char kLockFile[] = "lock";

struct Entry {
  std::string path;
  int64_t bytes = 0;
  absl::Time used;
  bool incoming = false;  // Whole or in part.
};

absl::StatusOr<std::vector<Entry>> ListEntries(const std::string& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end;
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    const bool incoming = name.size() > kSha256Digits && name[kSha256Digits] == '.';
    struct stat info;
    if (!IsSha256Hex(name.substr(0, kSha256Digits))) continue;
    if (!incoming && name.size() != kSha256Digits) continue;
    if (lstat(file->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    entries.push_back(
        {file->path().string(), info.st_size, absl::TimeFromTimespec(info.st_mtim), incoming});
  }
  if (error) return FileError("cannot read folder", folder, error.value());
  return entries;
}

// False: somebody uses it.
bool Remove(const std::string& path) {
  const absl::StatusOr<UniqueFd> file = OpenFile(path, O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return absl::IsNotFound(file.status());
  return TryLockFile(file->get()) && IsFileAt(file->get(), path) && unlink(path.c_str()) == 0;
}

}  // namespace

absl::StatusOr<ArtifactCache> ArtifactCache::Open(const std::string& folder,
                                                  const Options& options) {
  std::error_code error;
  const std::string absolute = fs::absolute(folder, error).string();
  if (!error) fs::create_directories(absolute, error);
  if (error) return FileError("cannot make folder", folder, error.value());
  return ArtifactCache(absolute, options);
}

absl::StatusOr<CachedArtifact> ArtifactCache::Get(ArtifactClient& client, const std::string& name,
                                                  const TransferOptions& transfer) const {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(name));
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    BL_ASSIGN_OR_RETURN(std::optional<CachedArtifact> held, Hold(sha256));
    if (held) return *std::move(held);
    BL_RETURN_IF_ERROR(client.Download(name, Path(sha256) + kIncoming, transfer));
    BL_ASSIGN_OR_RETURN(held, TakeIn(sha256));
    if (held) return *std::move(held);
    // Another process took in our file as its own, and has already removed it.
  }
  return absl::UnavailableError(
      absl::StrFormat("%s was removed %d times by other processes as soon as it was downloaded: "
                      "the limit of %s is %d B, more is needed",
                      name, kTries, folder_, options_.limit_bytes));
}

// Under the lock of the folder nothing is removed between the rename and the hold.
absl::StatusOr<std::optional<CachedArtifact>> ArtifactCache::TakeIn(
    const std::string& sha256) const {
  BL_ASSIGN_OR_RETURN(const UniqueFd lock, LockFolder());
  const std::string incoming = Path(sha256) + kIncoming;
  // A file that somebody may hold is not replaced.
  if (access(Path(sha256).c_str(), F_OK) == 0) {
    unlink(incoming.c_str());
  } else if (std::rename(incoming.c_str(), Path(sha256).c_str()) != 0 && errno != ENOENT) {
    return FileError("cannot write", Path(sha256), errno);
  }
  BL_ASSIGN_OR_RETURN(std::optional<CachedArtifact> held, Hold(sha256));
  BL_RETURN_IF_ERROR(RemoveBeyondLimit());
  return held;
}

absl::StatusOr<UniqueFd> ArtifactCache::LockFolder() const {
  const std::string path = folder_ + "/" + kLockFile;
  BL_ASSIGN_OR_RETURN(UniqueFd lock, OpenFile(path, O_RDWR | O_CREAT));
  if (!LockFile(lock.get())) return FileError("cannot lock", path, errno);
  return lock;
}

absl::StatusOr<std::optional<CachedArtifact>> ArtifactCache::Hold(const std::string& sha256) const {
  const std::string path = Path(sha256);
  while (true) {
    absl::StatusOr<UniqueFd> file = OpenFile(path, O_RDONLY | O_NOFOLLOW);
    if (absl::IsNotFound(file.status())) return std::nullopt;
    BL_RETURN_IF_ERROR(file.status());
    if (!ShareFile(file->get())) return FileError("cannot lock", path, errno);
    if (!IsFileAt(file->get(), path)) continue;  // Removed between the two.
    // When it was last used. Without the right to say so it is only removed too early.
    futimens(file->get(), nullptr);
    return CachedArtifact(path, *std::move(file));
  }
}

absl::StatusOr<std::string> ArtifactCache::Read(ArtifactClient& client, const std::string& name,
                                                int64_t max_bytes,
                                                const TransferOptions& transfer) const {
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(name));
  for (const bool again : {false, true}) {
    BL_ASSIGN_OR_RETURN(const CachedArtifact held, Get(client, name, transfer));
    BL_ASSIGN_OR_RETURN(const int64_t size, FileSize(held.file_.get(), held.path()));
    if (size > max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("%s has %d B, at most %d B are read here", name, size, max_bytes));
    }
    BL_ASSIGN_OR_RETURN(std::string bytes, ReadFile(held.path(), max_bytes));
    if (Sha256Hex(bytes) == sha256) return bytes;
    if (!again) unlink(held.path().c_str());  // Of no use for those either who hold it.
  }
  return absl::DataLossError(
      absl::StrFormat("the disk of %s changes what is written: %s", folder_, sha256));
}

absl::Status ArtifactCache::MakeRoom() const {
  BL_ASSIGN_OR_RETURN(const UniqueFd lock, LockFolder());
  return RemoveBeyondLimit();
}

absl::Status ArtifactCache::RemoveBeyondLimit() const {
  BL_ASSIGN_OR_RETURN(std::vector<Entry> entries, ListEntries(folder_));
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  int64_t total = 0;
  for (const Entry& entry : entries) total += entry.bytes;
  for (const Entry& entry : entries) {
    const bool abandoned = entry.incoming && entry.used < absl::Now() - kIncomingTtl;
    const bool too_much = !entry.incoming && total > options_.limit_bytes;
    if ((abandoned || too_much) && Remove(entry.path)) total -= entry.bytes;
  }
  return absl::OkStatus();
}

}  // namespace boardloop
