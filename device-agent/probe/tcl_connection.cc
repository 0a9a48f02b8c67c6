#include "device-agent/probe/tcl_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "device-agent/probe/timer.h"

namespace boardloop {
namespace {

constexpr char kEnd = 0x1a;
constexpr size_t kMaxReplyBytes = size_t{16} << 20;

absl::Status Closed(const std::string& why) {
  return absl::UnavailableError("OpenOCD has closed its Tcl port" + why);
}

}  // namespace

absl::StatusOr<TclConnection> TclConnection::Connect(int port) {
  TclConnection connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connection.socket_ < 0 ||
      connect(connection.socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError(
        absl::StrFormat("connect to OpenOCD's Tcl port %d: %s", port, strerror(errno)));
  }
  const int on = 1;
  setsockopt(connection.socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(connection.socket_, F_SETFL, O_NONBLOCK);
  return connection;
}

TclConnection::TclConnection(TclConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

TclConnection& TclConnection::operator=(TclConnection&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}

TclConnection::~TclConnection() {
  if (socket_ >= 0) close(socket_);
}

absl::Status TclConnection::Wait(short events, absl::Duration left) const {
  pollfd fd = {socket_, events, 0};
  const int ready = poll(&fd, 1, static_cast<int>(std::ceil(absl::ToDoubleMilliseconds(left))));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return absl::OkStatus();
  return absl::DeadlineExceededError("OpenOCD does not answer");
}

absl::StatusOr<std::string> TclConnection::Call(const std::string& command,
                                                absl::Duration deadline) {
  const Timer timer(deadline);
  // The port does not tell a failed command from one that returns text: `catch` does. `capture`
  // adds what the command logs, which is where OpenOCD says why.
  const std::string request =
      absl::StrFormat("format {%%s %%s} [catch {capture {%s}} bl_text] $bl_text%c", command, kEnd);
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t n = send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<size_t>(n);
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return Closed(absl::StrFormat(": %s", strerror(errno)));
    BL_RETURN_IF_ERROR(Wait(POLLOUT, timer.Left()));
  }

  std::string reply;
  while (reply.empty() || reply.back() != kEnd) {
    BL_RETURN_IF_ERROR(Wait(POLLIN, timer.Left()));
    char buffer[65536];
    const ssize_t n = recv(socket_, buffer, sizeof(buffer), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return Closed("");
    reply.append(buffer, static_cast<size_t>(n));
    if (reply.size() > kMaxReplyBytes) return Closed(": its reply does not end");
  }
  reply.pop_back();
  const size_t space = reply.find(' ');
  if (space == std::string::npos) {
    return absl::UnavailableError("OpenOCD answers something else than asked: " + reply);
  }
  const std::string text(absl::StripAsciiWhitespace(reply.substr(space + 1)));
  if (reply.substr(0, space) == "0") return text;
  return absl::AbortedError(text);
}

}  // namespace boardloop
