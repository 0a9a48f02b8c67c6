#include "device-agent/build/build_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr char kScratchPrefix[] = "scratch-";
constexpr auto kAbandonedAfter = std::chrono::hours(24);
constexpr int64_t kMaxImageBytes = int64_t{64} << 20;
constexpr size_t kDigestBytes = 64;

absl::Status CannotWrite(const std::string& path, const std::string& why) {
  return absl::UnavailableError(absl::StrFormat("the build cache cannot write %s: %s", path, why));
}

// The file's bytes reach the disk before its name does.
absl::Status Sync(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotWrite(path, strerror(errno));
  const int result = fsync(file);
  const int error = errno;
  close(file);
  return result == 0 ? absl::OkStatus() : CannotWrite(path, strerror(error));
}

}  // namespace

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

absl::StatusOr<BuildCache> BuildCache::Open(const std::string& folder) {
  std::error_code error;
  const std::string absolute = fs::absolute(folder, error).string();
  if (error) return CannotWrite(folder, error.message());
  for (const char* part : {"objects", "images"}) {
    const fs::path path = fs::path(absolute) / part;
    fs::create_directories(path, error);
    if (error) return CannotWrite(path.string(), error.message());
  }
  BuildCache cache(absolute);
  cache.RemoveAbandonedScratch();
  return cache;
}

void BuildCache::RemoveAbandonedScratch() const {
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - kAbandonedAfter;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!absl::StartsWith(entry->path().filename().string(), kScratchPrefix)) continue;
    std::error_code gone;  // Another build's, which has ended meanwhile.
    const auto written = entry->last_write_time(gone);
    if (!gone && written < oldest) fs::remove_all(entry->path(), gone);
  }
}

absl::StatusOr<ScratchFolder> BuildCache::MakeScratch() const {
  std::string path = absl::StrCat(folder_, "/", kScratchPrefix, "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) return CannotWrite(path, strerror(errno));
  return ScratchFolder(path);
}

std::string BuildCache::ObjectPath(const std::string& key) const {
  return absl::StrCat(folder_, "/objects/", key, ".o");
}

std::string BuildCache::ImagePath(const std::string& key) const {
  return absl::StrCat(folder_, "/images/", key);
}

bool BuildCache::HasObject(const std::string& key) const {
  return access(ObjectPath(key).c_str(), R_OK) == 0;
}

absl::Status BuildCache::AddObject(const std::string& key, const std::string& object) const {
  BL_RETURN_IF_ERROR(Sync(object));
  const std::string path = ObjectPath(key);
  if (std::rename(object.c_str(), path.c_str()) != 0) return CannotWrite(path, strerror(errno));
  return absl::OkStatus();
}

std::optional<std::string> BuildCache::FindImage(const std::string& key) const {
  absl::StatusOr<std::string> entry = ReadFile(ImagePath(key), kMaxImageBytes);
  if (!entry.ok() || entry->size() < kDigestBytes) return std::nullopt;
  std::string elf = entry->substr(kDigestBytes);
  if (entry->compare(0, kDigestBytes, Sha256Hex(elf)) != 0) return std::nullopt;
  return elf;
}

absl::Status BuildCache::AddImage(const std::string& key, const std::string& elf) const {
  const absl::Status status =
      WriteFileAtomically(ImagePath(key), absl::StrCat(Sha256Hex(elf), elf));
  return status.ok() ? status : CannotWrite(ImagePath(key), std::string(status.message()));
}

}  // namespace boardloop
