// Lines of text over a channel; qtest and QMP are made of them.
#pragma once

#include <string>

#include "device-agent/virtual/qemu/channel.h"

namespace boardloop::vboard {

class LineClient {
 public:
  explicit LineClient(UniqueFd fd) : channel_(std::move(fd)) {}

  bool gone() const { return channel_.gone(); }
  void GiveUp() { channel_.GiveUp(); }
  int fd() const { return channel_.fd(); }

  // Without the newline; empty when QEMU is gone.
  std::string ReceiveLine();
  void Send(std::string_view text) { channel_.Send(text); }

 private:
  bool TakeLine(std::string* line);

  Channel channel_;
  std::string buffer_;
};

}  // namespace boardloop::vboard
