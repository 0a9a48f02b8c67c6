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
  uint32_t core;        // 4: Cortex-M4, 7: Cortex-M7.

  uint32_t flash_bytes;
  std::vector<uint32_t> sector_kib;
  uint32_t flash_code_address;  // Where the core runs code from flash; QEMU has its memory here.
  uint32_t sram_bytes;          // At kSramAddress.
  uint32_t scratch_address;     // A word of QEMU's RAM outside the chip's map, for the probe's use.
  bool peripherals_in_qemu;     // Else QEMU has other devices at the chip's addresses: hidden.

  uint32_t idcode;              // DBGMCU_IDCODE.
  uint32_t flash_size_address;  // 16 bits, KiB.
  uint32_t uid_address;         // 96 bits.
  uint32_t option_bytes;        // FLASH_OPTCR of a new chip.
  uint32_t option_bytes1;       // FLASH_OPTCR1 of a new chip.

  uint32_t dpidr;           // Of the SW-DP, and of the JTAG-DP as TAP: the two below.
  uint32_t jtag_dp_id;      // The core's TAP.
  uint32_t jtag_chip_id;    // The boundary-scan TAP.
  uint32_t access_port_id;  // IDR of the AHB-AP.
};

inline constexpr uint32_t kFlashAddress = 0x08000000;
inline constexpr uint32_t kSramAddress = 0x20000000;

// All types, in the order in which they are shown.
const std::vector<BoardType>& BoardTypes();

// NOT_FOUND  the message lists the types there are.
absl::StatusOr<BoardType> FindBoardType(std::string_view name);

}  // namespace boardloop::vboard
