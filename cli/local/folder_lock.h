// One `boardloop up` or `down` at a time in a folder: two would start programs that neither records for `down` to end.
//
// The file `lock` in the folder is locked for as long as one works there, and says which. The kernel releases it with the process.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/unique_fd.h"

namespace boardloop {

class FolderLock {
 public:
  // Waits until nobody else holds the lock of `folder`, which exists. `command` ("up") says for others what holds it; `progress`
  // (may be empty) is told once who is waited for.
  //
  // DEADLINE_EXCEEDED  another one holds it for longer than `patience`; the message names it
  // and statuses of OpenFile
  static absl::StatusOr<FolderLock> Take(
      const std::string& folder, const std::string& command, absl::Duration patience,
      const std::function<void(const std::string& line)>& progress);

 private:
  explicit FolderLock(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
};

}  // namespace boardloop
