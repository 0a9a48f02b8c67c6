// The types of virtual boards: what a debugger sees of the chip, and which QEMU machine runs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop::vboard {

struct BoardType {
  std::string name;
  std::string machine;  // QEMU's.
  uint32_t core = 0;    // 4: Cortex-M4, 7: Cortex-M7.

  uint32_t flash_bytes = 0;
  std::vector<uint32_t> sector_kib;
  uint32_t flash_code_address = 0;   // Where the core runs code from flash: QEMU's memory of it.
  uint32_t sram_bytes = 0;           // At kSramAddress.
  uint32_t scratch_address = 0;      // A word of QEMU's RAM outside the chip's map, for the probe.
  bool peripherals_in_qemu = false;  // Else QEMU's devices at their addresses are hidden.

  uint32_t idcode = 0;              // DBGMCU_IDCODE.
  uint32_t flash_size_address = 0;  // 16 bits, KiB.
  uint32_t uid_address = 0;         // 96 bits.
  uint32_t option_bytes = 0;        // FLASH_OPTCR of a new chip.
  uint32_t option_bytes1 = 0;       // FLASH_OPTCR1 of a new chip.

  uint32_t dpidr = 0;           // Of the SW-DP, and of the JTAG-DP as TAP: the two below.
  uint32_t jtag_dp_id = 0;      // The core's TAP.
  uint32_t jtag_chip_id = 0;    // The boundary-scan TAP.
  uint32_t access_port_id = 0;  // IDR of the AHB-AP.
};

inline constexpr uint32_t kFlashAddress = 0x08000000;
inline constexpr uint32_t kSramAddress = 0x20000000;

// All types, in the order in which they are shown.
const std::vector<BoardType>& BoardTypes();

// NOT_FOUND  the message lists the types there are.
absl::StatusOr<BoardType> FindBoardType(std::string_view name);

}  // namespace boardloop::vboard
