#include "device-agent/virtual/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"

namespace boardloop::vboard {
namespace {

constexpr int kBacklog = 4;

absl::StatusOr<UniqueFd> ListenTcp(int* port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;  // Connections of a predecessor may still be closing.
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(*port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd.get(), generic, size) != 0 || listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    const std::string message =
        absl::StrFormat("cannot listen on port %d of 127.0.0.1: %s", *port, std::strerror(error));
    if (error == EADDRINUSE) return absl::AlreadyExistsError(message);
    return absl::InvalidArgumentError(message);
  }
  getsockname(fd.get(), generic, &size);
  *port = ntohs(address.sin_port);
  return fd;
}

bool SomebodyListens(const sockaddr_un& address) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

absl::StatusOr<UniqueFd> ListenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(
        absl::StrFormat("socket path %s has %d characters, at most %d are possible", path,
                        path.size(), sizeof address.sun_path - 1));
  }
  path.copy(address.sun_path, path.size());
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return absl::InvalidArgumentError(absl::StrFormat("%s is there and is no socket", path));
    }
    if (SomebodyListens(address)) {
      return absl::AlreadyExistsError(
          absl::StrFormat("cannot listen on %s: another process does", path));
    }
    unlink(path.c_str());
  }
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(fd.get(), generic, sizeof address) != 0 || listen(fd.get(), kBacklog) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("cannot listen on %s: %s", path, std::strerror(errno)));
  }
  return fd;
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const Endpoint& endpoint) {
  Endpoint found = endpoint;
  absl::StatusOr<UniqueFd> fd =
      endpoint.path.empty() ? ListenTcp(&found.port) : ListenUnix(endpoint.path);
  if (!fd.ok()) return fd.status();
  return Listener(*std::move(fd), std::move(found));
}

Listener::Listener(UniqueFd fd, Endpoint endpoint)
    : fd_(std::move(fd)), endpoint_(std::move(endpoint)) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(endpoint_, other.endpoint_);
  return *this;
}

Listener::~Listener() {
  if (fd_.ok() && !endpoint_.path.empty()) unlink(endpoint_.path.c_str());
}

UniqueFd Listener::Accept() const {
  UniqueFd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int one =
      1;  // Requests are small and wait for their reply. Fails on unix sockets: no harm.
  if (fd.ok()) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const timeval patience{5, 0};  // Who does not read the replies for so long is given up.
  if (fd.ok()) setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

}  // namespace boardloop::vboard
