#include "device-agent/virtual/qemu/line_client.h"

#include "absl/time/clock.h"

namespace boardloop::vboard {

std::string LineClient::ReceiveLine() {
  const absl::Time deadline = absl::Now() + kAnswerTimeout;
  std::string line;
  while (!TakeLine(&line)) {
    if (channel_.Receive(&buffer_, deadline - absl::Now())) continue;
    if (channel_.gone()) return "";
    if (absl::Now() >= deadline) channel_.GiveUp();
  }
  return line;
}

bool LineClient::TakeLine(std::string* line) {
  const size_t end = buffer_.find('\n');
  if (end == std::string::npos) return false;
  *line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return true;
}

}  // namespace boardloop::vboard
