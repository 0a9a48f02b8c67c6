// A debug probe with one board on it: what the agent needs of OpenOCD or pyOCD.
//
// One suite (tests/device-agent/probe) runs on every implementation, on virtual boards. Not
// thread-safe: one thread per board.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace boardloop {

// What answers at the other end.
struct BoardIdentity {
  std::string unique_id;   // 96 bits of the MCU's factory id, 24 lower-case hex digits.
  uint32_t device_id = 0;  // DBGMCU_IDCODE, all 32 bits.
  int32_t flash_kib = 0;   // As the chip reports it.
};

enum class CoreState { kRunning, kHalted, kReset, kLockup, kUnknown };

// Bytes for one address range of flash.
struct FlashSegment {
  uint32_t address = 0;
  std::vector<uint8_t> bytes;
};

struct ProgramReport {
  int64_t bytes_written = 0;
  int32_t sectors_erased = 0;
};

// Every call has a deadline of its own. Errors:
//   UNAVAILABLE         the probe or the board does not answer (unplugged, link lost, process gone)
//   DEADLINE_EXCEEDED   the probe's process hung; it has been killed and the next call starts anew
//   DATA_LOSS           flash differs from what was written, after verification
//   FAILED_PRECONDITION the tool refused the chip: locked, another target
//   INVALID_ARGUMENT    the tool refused its configuration: see the bench file
//   PERMISSION_DENIED   on the probe's USB device
//   NOT_FOUND           the tool itself (openocd, pyocd) is not installed
class Probe {
 public:
  virtual ~Probe() = default;

  // "OpenOCD 0.12.0", for provenance.
  virtual std::string ToolVersion() const = 0;

  // Connects if needed and reads who is there.
  virtual absl::StatusOr<BoardIdentity> Identify(absl::Duration deadline) = 0;

  // Programs and verifies whole sectors that hold the segments. The core is halted before, and stays
  // so.
  virtual absl::StatusOr<ProgramReport> Program(absl::Span<const FlashSegment> segments,
                                                absl::Duration deadline) = 0;

  // Resets the chip and lets it run from its vector table.
  virtual absl::Status ResetAndRun(absl::Duration deadline) = 0;

  virtual absl::StatusOr<CoreState> ReadCoreState(absl::Duration deadline) = 0;

  // While the core runs or is halted. Addresses and sizes are multiples of 4.
  virtual absl::StatusOr<std::vector<uint32_t>> ReadWords(uint32_t address, int32_t count,
                                                          absl::Duration deadline) = 0;
  virtual absl::Status WriteWords(uint32_t address, absl::Span<const uint32_t> words,
                                  absl::Duration deadline) = 0;

  // How often a process of the tool had to be killed because it hung. The owner decides when a board
  // counts as wedged.
  virtual int hang_count() const = 0;
};

}  // namespace boardloop
