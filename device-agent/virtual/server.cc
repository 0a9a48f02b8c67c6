#include "device-agent/virtual/server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace boardloop::vboard {
namespace {

// The longest request is pyOCD's for a block of memory: a megabyte is about 3 MB of JSON.
constexpr size_t kMaxReceivedBytes = 16 << 20;

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (sent < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

// False when the peer has closed.
bool ReceiveSome(int fd, std::string* received) {
  std::array<char, 65536> bytes;
  const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
  if (count > 0) received->append(bytes.data(), static_cast<size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

void SleepMicroseconds(uint32_t us) {
  timespec left{us / 1'000'000, static_cast<long>(us % 1'000'000) * 1000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace

void Server::AddListener(Listener listener, MakeFrontEnd make) {
  services_.push_back({std::move(listener), std::move(make)});
}

void Server::SetControl(Listener listener) { control_ = std::move(listener); }

void Server::Order(const Fault& fault) {
  switch (fault.kind) {
    case Fault::Kind::kDropLink:
      drop_link_after_ = fault.value;
      break;
    case Fault::Kind::kCorruptFlash:
      board_.CorruptFlash(fault.value);
      break;
    case Fault::Kind::kHangCore:
      board_.HangAtMark(fault.value);
      break;
    case Fault::Kind::kDoubleFault:
      board_.LockUpAtMark(fault.value);
      break;
    case Fault::Kind::kSlowLink:
      answer_delay_us_ = fault.value;
      break;
    case Fault::Kind::kVanish:
      vanish_after_ = fault.value;
      break;
  }
}

void Server::Run(const sigset_t& signals, const std::function<bool()>& should_end) {
  while (!should_end()) {
    if (board_.busy()) board_.Work();
    std::vector<pollfd> events = Events();
    const timespec now{0, 0};
    const timespec* timeout = board_.busy() ? &now : nullptr;
    if (ppoll(events.data(), events.size(), timeout, &signals) > 0) Handle(events);
  }
}

// In the order in which Handle() takes them: QEMU, control, services, connections. poll() ignores
// what is -1.
std::vector<pollfd> Server::Events() const {
  std::vector<pollfd> events;
  const auto add = [&](int fd) { events.push_back({fd, POLLIN, 0}); };
  add(board_.wake_fd());
  add(control_ ? control_->fd() : -1);
  for (const Service& service : services_) add(service.listener.fd());
  for (const auto& connection : connections_) add(connection->fd.get());
  return events;
}

void Server::Handle(const std::vector<pollfd>& events) {
  auto event = events.begin();
  if ((event++)->revents != 0) board_.OnQemuEvent();
  std::vector<std::unique_ptr<Connection>> accepted;
  const auto accept = [&](const Listener& listener, std::unique_ptr<FrontEnd> front_end) {
    UniqueFd fd = listener.Accept();
    if (!fd.ok()) return;
    accepted.push_back(std::make_unique<Connection>());
    accepted.back()->fd = std::move(fd);
    accepted.back()->front_end = std::move(front_end);
  };
  if ((event++)->revents != 0) accept(*control_, nullptr);
  for (const Service& service : services_) {
    if ((event++)->revents != 0) accept(service.listener, service.make(port_));
  }
  for (const auto& connection : connections_) {
    if ((event++)->revents != 0 && !vanished_) Serve(*connection);
  }
  if (vanish_due_) {
    Vanish();
    return;
  }
  std::erase_if(connections_, [](const auto& c) { return !c->fd.ok(); });
  std::move(accepted.begin(), accepted.end(), std::back_inserter(connections_));
  board_.Idle();
}

void Server::Serve(Connection& connection) {
  bool open = ReceiveSome(connection.fd.get(), &connection.received);
  if (!open || connection.received.size() > kMaxReceivedBytes) {
    connection.fd.Reset();
    return;
  }
  if (connection.front_end) {
    open = Answer(connection);
  } else {
    open = SendAll(connection.fd.get(), TakeOrders(&connection.received));
  }
  if (!open) connection.fd.Reset();
}

// Until nothing more is taken: a front-end stops when it has much to send. False: close the
// connection.
bool Server::Answer(Connection& connection) {
  bool open = true;
  size_t before = 0;
  do {
    before = connection.received.size();
    std::string reply;
    open = connection.front_end->Feed(&connection.received, &reply);
    if (answer_delay_us_ != 0) SleepMicroseconds(answer_delay_us_);
    open = Send(connection, reply) && open;
  } while (open && !connection.received.empty() && connection.received.size() < before);
  return open;
}

std::string Server::TakeOrders(std::string* received) {
  std::string reply;
  size_t end = 0;
  while ((end = received->find('\n')) != std::string::npos) {
    const absl::StatusOr<Fault> fault = ParseFault(received->substr(0, end));
    received->erase(0, end + 1);
    if (fault.ok()) Order(*fault);
    absl::StrAppend(&reply, fault.ok() ? "ok" : absl::StrCat("error: ", fault.status().message()),
                    "\n");
  }
  return reply;
}

// Sends to a debugger, up to the byte where a fault was ordered. False: close the connection.
bool Server::Send(Connection& connection, std::string_view bytes) {
  bool cut = false;
  for (std::optional<uint64_t>* limit : {&drop_link_after_, &vanish_after_}) {
    if (!limit->has_value()) continue;
    if (bytes.size() < **limit) {
      **limit -= bytes.size();
      continue;
    }
    bytes = bytes.substr(0, **limit);
    cut = true;
    if (limit == &vanish_after_) vanish_due_ = true;
    limit->reset();
  }
  return SendAll(connection.fd.get(), bytes) && !cut;
}

// As unplugged: nothing listens, nothing answers, QEMU is dead. The process waits to be ended.
void Server::Vanish() {
  LOG(WARNING) << "the board has vanished, as ordered";
  vanished_ = true;
  connections_.clear();
  services_.clear();
  control_.reset();
  board_.Die();
}

}  // namespace boardloop::vboard
