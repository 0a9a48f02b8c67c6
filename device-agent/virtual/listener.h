// Sockets that wait for connections, on this machine only.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace boardloop::vboard {

// Where a front-end listens: a TCP port of the loopback interface, or a path of the file system.
struct Endpoint {
  int port = 0;      // 0: any free one.
  std::string path;  // Not empty: a unix socket, and `port` means nothing.
};

class Listener {
 public:
  // Replaces the socket of a process that has died.
  //
  // ALREADY_EXISTS    somebody else listens there
  // INVALID_ARGUMENT  the path is too long, or something else is there
  static absl::StatusOr<Listener> Open(const Endpoint& endpoint);

  Listener(Listener&&) noexcept = default;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int fd() const { return fd_.get(); }
  const Endpoint& endpoint() const { return endpoint_; }  // With the port that was found.

  UniqueFd Accept() const;

 private:
  Listener(UniqueFd fd, Endpoint endpoint);

  UniqueFd fd_;
  Endpoint endpoint_;
};

}  // namespace boardloop::vboard
