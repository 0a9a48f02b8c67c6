// A client of QEMU's gdb stub: enough to let a machine run, stop it, and access its memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boardloop {

class GdbStub {
 public:
  GdbStub() = default;
  GdbStub(const GdbStub&) = delete;
  GdbStub& operator=(const GdbStub&) = delete;
  ~GdbStub();

  // Connects to the unix socket `path`, which may not exist yet.
  absl::Status Connect(const std::string& path, absl::Duration deadline);

  // The machine runs until Stop().
  absl::Status Continue();
  absl::Status Stop();

  // While stopped.
  absl::StatusOr<std::vector<uint8_t>> Read(uint32_t address, uint32_t bytes);
  absl::Status Write(uint32_t address, const std::vector<uint8_t>& bytes);

 private:
  absl::Status Send(const std::string& packet);
  absl::StatusOr<std::string> Receive();
  absl::StatusOr<char> ReceiveByte();

  int socket_ = -1;
  std::string received_;
};

}  // namespace boardloop
