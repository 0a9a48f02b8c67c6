#include "device-agent/virtual/qemu/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace boardloop::vboard {

void Channel::Send(std::string_view bytes) {
  while (!gone_ && !bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (sent < 0 && errno != EINTR) {
      gone_ = true;
    }
  }
}

bool Channel::Receive(std::string* received, absl::Duration timeout) {
  if (gone_) return false;
  pollfd wanted{fd_.get(), POLLIN, 0};
  const int ready = poll(&wanted, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  if (ready <= 0) return false;  // A signal looks like a timeout; callers that need bytes retry.
  std::array<char, 65536> bytes;
  const ssize_t count = recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (count <= 0) {
    if (count == 0 || errno != EINTR) gone_ = true;
    return false;
  }
  received->append(bytes.data(), static_cast<size_t>(count));
  return true;
}

}  // namespace boardloop::vboard
