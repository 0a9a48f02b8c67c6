// QEMU's machine protocol (QMP): its version and reset.
#pragma once

#include <string>

#include "device-agent/virtual/qemu/line_client.h"

namespace boardloop::vboard {

struct QemuVersion {
  int major = 0;
  int minor = 0;
};

class QmpClient {
 public:
  explicit QmpClient(UniqueFd fd) : lines_(std::move(fd)) {}

  // Reads the greeting; QEMU has then built its machine. {0, 0} when QEMU is gone.
  QemuVersion Start();

  bool gone() const { return lines_.gone(); }
  void GiveUp() { lines_.GiveUp(); }

  // Resets the machine and returns when that has happened. The core must be stopped and stays so.
  void Reset();

 private:
  void SetRebootAction(const std::string& action);
  void Command(const std::string& command);

  LineClient lines_;
  int resets_seen_ = 0;
};

}  // namespace boardloop::vboard
