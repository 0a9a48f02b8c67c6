#include "device-agent/virtual/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop::vboard {

absl::StatusOr<StateDir> StateDir::Open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrFormat("cannot make the state folder %s: %s", path, error.message()));
  }
  const std::string lock_path = path + "/lock";
  UniqueFd lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.ok()) {
    return absl::PermissionDeniedError(
        absl::StrFormat("cannot write to the state folder %s: %s", path, std::strerror(errno)));
  }
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the state folder %s belongs to a board that is running: each board needs a "
        "folder of its own",
        path));
  }
  return StateDir(path, std::move(lock));
}

StateDir::StateDir(std::string path, UniqueFd lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

absl::StatusOr<Uid> StateDir::ReadOrMakeUid() const {
  const std::string path = path_ + "/uid";
  absl::StatusOr<std::string> text = ReadFile(path, 64);
  if (text.ok()) {
    absl::StatusOr<Uid> uid = ParseUid(std::string(absl::StripAsciiWhitespace(*text)));
    if (!uid.ok())
      return absl::FailedPreconditionError(path + ": " + std::string(uid.status().message()));
    return uid;
  }
  if (!absl::IsNotFound(text.status())) return text.status();
  Uid uid;
  if (getrandom(uid.data(), uid.size(), 0) != static_cast<ssize_t>(uid.size())) {
    return absl::InternalError(absl::StrFormat("getrandom: %s", std::strerror(errno)));
  }
  BL_RETURN_IF_ERROR(WriteFileAtomically(path, FormatUid(uid) + "\n"));
  return uid;
}

}  // namespace boardloop::vboard
