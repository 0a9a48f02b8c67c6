// The QEMU process of one board: started with its sockets, ended with the board.
//
// Invariants:
//   (1) QEMU never outlives this process: the kernel kills it when its parent dies.
//   (2) Its sockets are inherited pairs: nothing in the file system, nothing to connect to or wait
//       for.
//   (3) It is ended by SIGKILL, since a hung core keeps QEMU from ending by itself.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace boardloop::vboard {

class QemuProcess {
 public:
  struct Options {
    std::string machine;                 // As QEMU's -machine.
    std::vector<std::string> arguments;  // Further ones.
    int record_fd = -1;                  // Inherited by QEMU under this number, for the plugin.
  };

  // NOT_FOUND  there is no qemu-system-arm in PATH.
  static absl::StatusOr<QemuProcess> Start(const Options& options);

  QemuProcess(QemuProcess&& other) noexcept;
  QemuProcess& operator=(QemuProcess&& other) noexcept;
  ~QemuProcess() { Kill(); }

  pid_t pid() const { return pid_; }
  void Kill();

  // The end of what QEMU has written to its standard error.
  std::string Complaint() const;

  // Our ends of the sockets, to be taken once.
  UniqueFd gdb, qtest, qmp;

 private:
  QemuProcess() = default;

  pid_t pid_ = -1;
  UniqueFd errors_;
};

}  // namespace boardloop::vboard
