#include "tests/firmware/runner/gdb_stub.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int kReplyMilliseconds = 60'000;
constexpr uint32_t kBytesPerPacket = 1024;
constexpr char kInterrupt[] = "\x03";

std::string Checksum(const std::string& packet) {
  unsigned sum = 0;
  for (const char c : packet) sum += static_cast<unsigned char>(c);
  return absl::StrFormat("%02x", sum & 0xFF);
}

}  // namespace

GdbStub::~GdbStub() {
  if (socket_ >= 0) close(socket_);
}

absl::Status GdbStub::Connect(const std::string& path, absl::Duration deadline) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return absl::InvalidArgumentError("path too long");
  path.copy(address.sun_path, path.size());
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const absl::Time end = absl::Now() + deadline;
  while (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    if (absl::Now() > end) {
      return absl::DeadlineExceededError(
          absl::StrFormat("connect to %s: %s", path, strerror(errno)));
    }
    absl::SleepFor(absl::Milliseconds(5));  // QEMU gives no event when it listens.
  }
  return absl::OkStatus();
}

absl::Status GdbStub::Send(const std::string& packet) {
  const std::string bytes = absl::StrCat("$", packet, "#", Checksum(packet));
  if (send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    return absl::UnavailableError("the gdb stub has closed the connection");
  }
  return absl::OkStatus();
}

absl::StatusOr<char> GdbStub::ReceiveByte() {
  if (received_.empty()) {
    pollfd fd = {socket_, POLLIN, 0};
    if (poll(&fd, 1, kReplyMilliseconds) <= 0) {
      return absl::DeadlineExceededError("no answer from the gdb stub");
    }
    char buffer[4096];
    const ssize_t n = recv(socket_, buffer, sizeof(buffer), 0);
    if (n <= 0) return absl::UnavailableError("the gdb stub has closed the connection");
    received_.assign(buffer, static_cast<size_t>(n));
  }
  const char c = received_.front();
  received_.erase(0, 1);
  return c;
}

// The content of the next packet; acknowledgements before it are skipped.
absl::StatusOr<std::string> GdbStub::Receive() {
  char c = 0;
  while (c != '$') {
    BL_ASSIGN_OR_RETURN(c, ReceiveByte());
  }
  std::string packet;
  while (true) {
    BL_ASSIGN_OR_RETURN(c, ReceiveByte());
    if (c == '#') break;
    packet.push_back(c);
  }
  for (int i = 0; i < 2; ++i) BL_RETURN_IF_ERROR(ReceiveByte().status());
  if (send(socket_, "+", 1, MSG_NOSIGNAL) != 1) return absl::UnavailableError("gdb stub");
  return packet;
}

absl::Status GdbStub::Continue() { return Send("c"); }

absl::Status GdbStub::Stop() {
  if (send(socket_, kInterrupt, 1, MSG_NOSIGNAL) != 1) return absl::UnavailableError("gdb stub");
  return Receive().status();
}

absl::StatusOr<std::vector<uint8_t>> GdbStub::Read(uint32_t address, uint32_t bytes) {
  std::vector<uint8_t> all;
  while (all.size() < bytes) {
    const uint32_t left = bytes - static_cast<uint32_t>(all.size());
    const uint32_t part = std::min(left, kBytesPerPacket);
    BL_RETURN_IF_ERROR(Send(absl::StrFormat("m%x,%x", address + all.size(), part)));
    BL_ASSIGN_OR_RETURN(const std::string hex, Receive());
    const std::string text = absl::HexStringToBytes(hex);
    if (text.size() != part) {
      return absl::InternalError(absl::StrFormat("read of 0x%08X: %s", address, hex));
    }
    all.insert(all.end(), text.begin(), text.end());
  }
  return all;
}

absl::Status GdbStub::Write(uint32_t address, const std::vector<uint8_t>& bytes) {
  for (size_t done = 0; done < bytes.size(); done += kBytesPerPacket) {
    const size_t part = std::min<size_t>(bytes.size() - done, kBytesPerPacket);
    const std::string text(bytes.begin() + static_cast<int64_t>(done),
                           bytes.begin() + static_cast<int64_t>(done + part));
    BL_RETURN_IF_ERROR(
        Send(absl::StrFormat("M%x,%x:%s", address + done, part, absl::BytesToHexString(text))));
    BL_ASSIGN_OR_RETURN(const std::string reply, Receive());
    if (reply != "OK") {
      return absl::InternalError(absl::StrFormat("write of 0x%08X: %s", address + done, reply));
    }
  }
  return absl::OkStatus();
}

}  // namespace boardloop
