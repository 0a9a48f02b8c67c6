// The folder of one board: what it keeps when it is switched off, and the lock that keeps a second
// process out.
//
//   lock        held by the process that is the board
//   uid         24 hexadecimal digits, random, made at the first start
//   flash.bin   the flash memory, byte by byte
//   control     unix socket that takes faults, while the board is on
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"
#include "device-agent/virtual/uid.h"

namespace boardloop::vboard {

class StateDir {
 public:
  // Makes the folder if it is not there, and takes the lock.
  //
  // FAILED_PRECONDITION  another process holds the lock; others as the operating system says
  static absl::StatusOr<StateDir> Open(const std::string& path);

  absl::StatusOr<Uid> ReadOrMakeUid() const;
  std::string flash_path() const { return path_ + "/flash.bin"; }
  std::string control_path() const { return path_ + "/control"; }

 private:
  StateDir(std::string path, UniqueFd lock);

  std::string path_;
  UniqueFd lock_;  // The kernel frees it however the process ends.
};

}  // namespace boardloop::vboard
