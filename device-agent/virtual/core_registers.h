// The core's registers as DCRSR numbers them, read and written in a stopped QEMU.
//
// QEMU's stub has no special registers (MSP, PSP, PRIMASK, ...): for those the core executes one
// MRS or MSR of ours at a scratch word outside the chip's map. The cycle plugin ignores that word.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "device-agent/virtual/qemu/qemu_link.h"

namespace boardloop::vboard {

class CoreRegisterFile {
 public:
  explicit CoreRegisterFile(uint32_t scratch_address) : scratch_(scratch_address) {}

  void Attach(QemuLink* qemu);
  // The core has run: nothing that was read holds any more.
  void Forget();

  // number   REGSEL of DCRSR (ARMv7-M manual, C1.6.3): 0 to 15, 16 xPSR, 17 MSP, 18 PSP, 20 CONTROL
  //          and the masks, 33 FPSCR, 64 to 95 s0 to s31; others read as 0
  uint32_t Read(unsigned number);
  void Write(unsigned number, uint32_t value);

  const CoreRegisters& General();
  void WriteGeneral(const CoreRegisters& registers);

 private:
  uint32_t ReadSpecial(unsigned sysm);
  void WriteSpecial(unsigned sysm, uint32_t value);
  uint32_t ExecuteOnCore(uint32_t opcode, std::optional<uint32_t> r0);

  uint32_t scratch_;
  QemuLink* qemu_ = nullptr;
  std::optional<CoreRegisters> general_;
  std::map<unsigned, uint32_t> special_;  // By SYSm.
};

}  // namespace boardloop::vboard
