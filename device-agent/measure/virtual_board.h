// A virtual board of our own: starts boardloop-vboard, knows its ports, and ends it (and with it its
// QEMU) when it goes away. docs/virtual-board.md says what the program does.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/process.h"

namespace boardloop {

class VirtualBoard {
 public:
  struct Options {
    std::string type;          // "virtual-stm32f405"
    std::string state_folder;  // Holds flash, unique id and vboard.log; created if absent.
    bool st_link = true;       // Front-ends to serve.
    bool pyocd = false;
    std::vector<std::string> faults;  // As --fault of the program.
  };

  // NOT_FOUND            boardloop-vboard or QEMU is not installed
  // FAILED_PRECONDITION  the state folder is unusable or another process has it
  // UNAVAILABLE          a port is in use, or the program ended for another reason
  // DEADLINE_EXCEEDED    it did not become ready
  static absl::StatusOr<VirtualBoard> Start(const Options& options,
                                            absl::Duration deadline = absl::Seconds(20));

  bool Running() { return process_.Running(); }
  void Stop() { process_.Stop(); }
  pid_t pid() const { return process_.pid(); }
  int qemu_pid() const { return qemu_pid_; }
  int st_link_port() const { return st_link_port_; }  // 0 when not served.
  int pyocd_port() const { return pyocd_port_; }
  const std::string& unique_id() const { return unique_id_; }
  const std::string& cycle_model() const { return cycle_model_; }

 private:
  ChildProcess process_;
  int qemu_pid_ = 0;
  int st_link_port_ = 0;
  int pyocd_port_ = 0;
  std::string unique_id_;
  std::string cycle_model_;
};

// $BOARDLOOP_VBOARD; else boardloop-vboard beside our program, or in ../bin from it (tests); else
// what PATH has.
std::string FindVirtualBoardProgram();

}  // namespace boardloop
