// Connects debuggers to a board: one loop over all sockets, one thread.
//
// Any number of connections may be open; their requests are served one after the other, as they
// come. An idle board waits in poll() and takes no CPU.
#pragma once

#include <poll.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device-agent/virtual/board.h"
#include "device-agent/virtual/debug_port.h"
#include "device-agent/virtual/fault.h"
#include "device-agent/virtual/front/front_end.h"
#include "device-agent/virtual/listener.h"

namespace boardloop::vboard {

class Server {
 public:
  using MakeFrontEnd = std::function<std::unique_ptr<FrontEnd>(DebugPort&)>;

  // Not owned, must outlive the server.
  explicit Server(Board& board) : board_(board), port_(board) {}

  void AddListener(Listener listener, MakeFrontEnd make);
  // Connections to it order faults, one per line, and read "ok" or "error: ..." for each.
  void SetControl(Listener listener);

  void Order(const Fault& fault);

  // Serves until `should_end` returns true; it is asked after each signal. `signals` is the mask to
  // wait with: signals that end the program are blocked at all other times.
  void Run(const sigset_t& signals, const std::function<bool()>& should_end);

 private:
  struct Service {
    Listener listener;
    MakeFrontEnd make;
  };
  struct Connection {
    UniqueFd fd;
    std::unique_ptr<FrontEnd> front_end;  // None: the control socket's.
    std::string received;
  };

  std::vector<pollfd> Events() const;
  void Handle(const std::vector<pollfd>& events);
  void Serve(Connection& connection);
  bool Answer(Connection& connection);
  std::string TakeOrders(std::string* received);
  bool Send(Connection& connection, std::string_view bytes);
  void Vanish();

  Board& board_;
  DebugPort port_;
  std::vector<Service> services_;
  std::optional<Listener> control_;
  std::vector<std::unique_ptr<Connection>> connections_;

  std::optional<uint64_t> drop_link_after_;  // Bytes still to be sent.
  std::optional<uint64_t> vanish_after_;
  uint32_t answer_delay_us_ = 0;
  bool vanish_due_ = false;
  bool vanished_ = false;
};

}  // namespace boardloop::vboard
