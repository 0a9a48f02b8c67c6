#include "device-agent/virtual/flash_array.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/base/unique_fd.h"

namespace boardloop::vboard {
namespace {

absl::Status SystemError(int error, const std::string& doing) {
  const std::string message = absl::StrCat(doing, ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  if (error == EACCES || error == EROFS) return absl::PermissionDeniedError(message);
  return absl::UnknownError(message);
}

absl::Status WriteErased(int fd, uint32_t bytes, const std::string& path) {
  if (const int error = posix_fallocate(fd, 0, bytes); error != 0) {
    return SystemError(error, absl::StrFormat("reserve %d B for %s", bytes, path));
  }
  const std::string erased(bytes, '\xff');
  size_t written = 0;
  while (written < erased.size()) {
    const ssize_t count = write(fd, erased.data() + written, erased.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return SystemError(errno, "write " + path);
    written += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

// Through a temporary file, so that a flash file is never a part of one.
absl::Status Create(const std::string& path, uint32_t bytes) {
  const std::string temporary = path + ".new";
  const UniqueFd fd(open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.ok()) return SystemError(errno, "create " + temporary);
  absl::Status status = WriteErased(fd.get(), bytes, temporary);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    status = SystemError(errno, "rename " + temporary);
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace

absl::StatusOr<FlashArray> FlashArray::Open(const std::string& path, uint32_t bytes) {
  if (access(path.c_str(), F_OK) != 0) BL_RETURN_IF_ERROR(Create(path, bytes));
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.ok()) return SystemError(errno, "open " + path);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return SystemError(errno, "stat " + path);
  if (!S_ISREG(info.st_mode) || info.st_size != bytes) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is no flash of this board: it has %d B, needed are %d (delete it to "
                        "start with an erased flash)",
                        path, info.st_size, bytes));
  }
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return SystemError(errno, "map " + path);
  return FlashArray(absl::MakeSpan(static_cast<uint8_t*>(mapped), bytes));
}

FlashArray::FlashArray(absl::Span<uint8_t> bytes)
    : bytes_(bytes), changed_(bytes.size() / kBlockBytes, true) {}

FlashArray::FlashArray(FlashArray&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      changed_(std::move(other.changed_)),
      any_changed_(other.any_changed_) {}

FlashArray& FlashArray::operator=(FlashArray&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(changed_, other.changed_);
  std::swap(any_changed_, other.any_changed_);
  return *this;
}

FlashArray::~FlashArray() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

void FlashArray::Set(uint32_t offset, int value) {
  bytes_[offset] = static_cast<uint8_t>(value);
  changed_[offset / kBlockBytes] = true;
  any_changed_ = true;
}

void FlashArray::Erase(uint32_t offset, uint32_t bytes) {
  std::memset(&bytes_[offset], 0xff, bytes);
  for (uint32_t block = offset / kBlockBytes; block < (offset + bytes) / kBlockBytes; ++block) {
    changed_[block] = true;
  }
  any_changed_ = true;
}

std::vector<FlashArray::Run> FlashArray::TakeChanges() {
  std::vector<Run> runs;
  if (!std::exchange(any_changed_, false)) return runs;
  size_t block = 0;
  while (block < changed_.size()) {
    const size_t first = block;
    while (block < changed_.size() && changed_[block]) changed_[block++] = false;
    if (block == first) {
      ++block;
      continue;
    }
    const auto offset = static_cast<uint32_t>(first * kBlockBytes);
    runs.push_back({offset, bytes_.subspan(offset, (block - first) * kBlockBytes)});
  }
  return runs;
}

void FlashArray::MarkAllChanged() {
  changed_.assign(changed_.size(), true);
  any_changed_ = true;
}

}  // namespace boardloop::vboard
