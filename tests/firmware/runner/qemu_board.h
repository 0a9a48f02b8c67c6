// An image on a plain QEMU machine, without a virtual board: talks to the runner through the gdb
// stub, by the mailbox's protocol.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/process.h"
#include "core/board/board_type.h"
#include "device-agent/build/builder.h"
#include "firmware/runner/mailbox.h"
#include "tests/firmware/runner/gdb_stub.h"

namespace boardloop {

class QemuBoard {
 public:
  // Starts the machine for `board` (a virtual type) with `image`, files in `folder`; returns when
  // the runner is READY.
  static absl::StatusOr<std::unique_ptr<QemuBoard>> Start(const BoardType& board,
                                                          const FirmwareImage& image,
                                                          const std::string& folder);

  absl::StatusOr<bl_mailbox> Mailbox();

  // Fills in the request (its sequence, too) and waits for DONE or FAULTED.
  struct Request {
    uint32_t network = 0;
    uint32_t command = BL_COMMAND_RUN_PATTERN;
    uint32_t seed = 1;
    uint32_t warmup_runs = 0;
    uint32_t runs = 1;
  };
  absl::StatusOr<bl_mailbox> Execute(const Request& request);

  absl::StatusOr<std::vector<uint8_t>> Read(uint32_t address, uint32_t bytes);
  absl::Status Write(uint32_t address, const std::vector<uint8_t>& bytes);

 private:
  QemuBoard() = default;
  // Lets the machine run until the state is `state`, or FAULTED.
  absl::StatusOr<bl_mailbox> WaitFor(uint32_t state, uint32_t result_sequence);

  ChildProcess qemu_;
  GdbStub stub_;
  uint32_t mailbox_ = 0;  // Its address.
};

// The CRC that the mailbox should have, and any other, written independently of the firmware.
uint32_t Crc32(const uint8_t* bytes, size_t count);
bool CrcIsRight(const bl_mailbox& mailbox);

}  // namespace boardloop
