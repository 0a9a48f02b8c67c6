#include "device-agent/virtual/board_type.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace boardloop::vboard {
namespace {

// ST's RM0090 (F405) and RM0385 (F746): memory maps, flash sectors, device signatures, debug IDs.
BoardType Stm32f405() {
  BoardType type;
  type.name = "virtual-stm32f405";
  type.machine = "netduinoplus2";
  type.core = 4;
  type.flash_bytes = 1024 * 1024;
  type.sector_kib = {16, 16, 16, 16, 64, 128, 128, 128, 128, 128, 128, 128};
  type.flash_code_address = 0x08000000;
  type.sram_bytes = 128 * 1024;
  type.scratch_address = 0x2002fff0;  // QEMU's SRAM has 192 KiB here: it includes the CCM.
  type.peripherals_in_qemu = true;
  type.idcode = 0x10016413;
  type.flash_size_address = 0x1fff7a22;
  type.uid_address = 0x1fff7a10;
  type.option_bytes = 0x0fffaaed;
  type.option_bytes1 = 0;
  type.dpidr = 0x2ba01477;
  type.jtag_dp_id = 0x4ba00477;
  type.jtag_chip_id = 0x06413041;
  type.access_port_id = 0x24770011;
  return type;
}

BoardType Stm32f746() {
  BoardType type;
  type.name = "virtual-stm32f746";
  type.machine = "mps2-an500";
  type.core = 7;
  type.flash_bytes = 1024 * 1024;
  type.sector_kib = {32, 32, 32, 32, 128, 256, 256, 256};
  type.flash_code_address = 0x00200000;  // The ITCM alias; the chip boots here with BOOT_ADD0 0x80.
  type.sram_bytes = 320 * 1024;
  type.scratch_address = 0x203ffff0;  // QEMU has 4 MiB of RAM here.
  type.peripherals_in_qemu = false;
  type.idcode = 0x10016449;
  type.flash_size_address = 0x1ff0f442;
  type.uid_address = 0x1ff0f420;
  type.option_bytes = 0xffffaafd;
  type.option_bytes1 = 0x00400080;
  type.dpidr = 0x5ba02477;
  type.jtag_dp_id = 0x5ba00477;
  type.jtag_chip_id = 0x06449041;
  type.access_port_id = 0x74770001;
  return type;
}

}  // namespace

const std::vector<BoardType>& BoardTypes() {
  static const std::vector<BoardType>* const types =
      new std::vector<BoardType>{Stm32f405(), Stm32f746()};
  return *types;
}

absl::StatusOr<BoardType> FindBoardType(std::string_view name) {
  std::vector<std::string> names;
  for (const BoardType& type : BoardTypes()) {
    if (type.name == name) return type;
    names.push_back(type.name);
  }
  return absl::NotFoundError(
      absl::StrFormat("no board type \"%s\"; there are %s", name, absl::StrJoin(names, ", ")));
}

}  // namespace boardloop::vboard
