// OpenOCD's Tcl port: a command and its reply, each ended by 0x1a, over a loopback socket.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boardloop {

class TclConnection {
 public:
  // UNAVAILABLE  nobody listens
  static absl::StatusOr<TclConnection> Connect(int port);

  TclConnection(TclConnection&& other) noexcept;
  TclConnection& operator=(TclConnection&& other) noexcept;
  ~TclConnection();

  // Runs `command`, in which braces must be balanced, and returns its result with what it logged.
  //
  // DEADLINE_EXCEEDED  no reply in time: the connection is of no more use
  // UNAVAILABLE        OpenOCD closed the connection
  // ABORTED            the command failed; the message is what it said
  absl::StatusOr<std::string> Call(const std::string& command, absl::Duration deadline);

 private:
  explicit TclConnection(int socket) : socket_(socket) {}
  absl::Status Wait(short events, absl::Duration left) const;

  int socket_ = -1;
};

}  // namespace boardloop
