#include "device-agent/virtual/core_registers.h"

#include <array>

namespace boardloop::vboard {
namespace {

// Numbers of QEMU's stub.
constexpr int kStubXpsr = 25, kStubD0 = 26, kStubFpscr = 42;

// SYSm of MRS and MSR.
constexpr unsigned kMsp = 8, kPsp = 9, kPrimask = 16, kBasepri = 17, kFaultmask = 19, kControl = 20;

int StubNumber(unsigned number) { return number == 16 ? kStubXpsr : static_cast<int>(number); }

}  // namespace

void CoreRegisterFile::Attach(QemuLink* qemu) {
  qemu_ = qemu;
  Forget();
}

void CoreRegisterFile::Forget() {
  general_.reset();
  special_.clear();
}

const CoreRegisters& CoreRegisterFile::General() {
  if (!general_) general_ = qemu_->gdb.ReadCoreRegisters();
  return *general_;
}

void CoreRegisterFile::WriteGeneral(const CoreRegisters& registers) {
  for (unsigned i = 0; i < registers.size(); ++i) {
    qemu_->gdb.WriteRegister(StubNumber(i), registers[i]);
  }
  Forget();
}

uint32_t CoreRegisterFile::Read(unsigned number) {
  if (number <= 16) return General()[number];
  if (number == 17) return ReadSpecial(kMsp);
  if (number == 18) return ReadSpecial(kPsp);
  if (number == 20) {
    return ReadSpecial(kControl) << 24 | ReadSpecial(kFaultmask) << 16 |
           ReadSpecial(kBasepri) << 8 | ReadSpecial(kPrimask);
  }
  if (number == 33) return qemu_->gdb.ReadRegister(kStubFpscr);
  if (number >= 64 && number < 96) {
    const uint64_t pair = qemu_->gdb.ReadDouble(kStubD0 + static_cast<int>(number - 64) / 2);
    return static_cast<uint32_t>(number & 1 ? pair >> 32 : pair);
  }
  return 0;
}

void CoreRegisterFile::Write(unsigned number, uint32_t value) {
  if (number <= 16) {
    qemu_->gdb.WriteRegister(StubNumber(number), value);
    Forget();  // r13 is MSP or PSP as well.
  } else if (number == 17) {
    WriteSpecial(kMsp, value);
  } else if (number == 18) {
    WriteSpecial(kPsp, value);
  } else if (number == 20) {
    WriteSpecial(kPrimask, value & 0xff);
    WriteSpecial(kBasepri, value >> 8 & 0xff);
    WriteSpecial(kFaultmask, value >> 16 & 0xff);
    WriteSpecial(kControl, value >> 24);
  } else if (number == 33) {
    qemu_->gdb.WriteRegister(kStubFpscr, value);
  } else if (number >= 64 && number < 96) {
    const int stub_number = kStubD0 + static_cast<int>(number - 64) / 2;
    const uint64_t pair = qemu_->gdb.ReadDouble(stub_number);
    const uint64_t changed = number & 1 ? (pair & 0xffffffffu) | uint64_t{value} << 32
                                        : (pair & ~uint64_t{0xffffffffu}) | value;
    qemu_->gdb.WriteDouble(stub_number, changed);
  }
}

uint32_t CoreRegisterFile::ReadSpecial(unsigned sysm) {
  const auto known = special_.find(sysm);
  if (known != special_.end()) return known->second;
  const uint32_t value = ExecuteOnCore(0xf3ef8000u | sysm, std::nullopt);  // MRS r0, sysm
  special_[sysm] = value;
  return value;
}

void CoreRegisterFile::WriteSpecial(unsigned sysm, uint32_t value) {
  if (ReadSpecial(sysm) == value) return;
  ExecuteOnCore(0xf3808800u | sysm, value);  // MSR sysm, r0
  Forget();
}

// Runs one 32-bit instruction with r0 as given, and returns r0 after it; all else is restored.
uint32_t CoreRegisterFile::ExecuteOnCore(uint32_t opcode, std::optional<uint32_t> r0) {
  const CoreRegisters before = General();
  const std::array<uint8_t, 4> code = {
      static_cast<uint8_t>(opcode >> 16), static_cast<uint8_t>(opcode >> 24),
      static_cast<uint8_t>(opcode), static_cast<uint8_t>(opcode >> 8)};
  GdbClient& gdb = qemu_->gdb;
  gdb.WriteMemory(scratch_, code);
  if (r0) gdb.WriteRegister(0, *r0);
  gdb.WriteRegister(kStubXpsr, (before[16] & 0xf80001ff) | 1u << 24);  // No IT block.
  gdb.WriteRegister(15, scratch_);
  gdb.Step();
  const uint32_t result = gdb.ReadRegister(0);
  gdb.WriteRegister(0, before[0]);
  gdb.WriteRegister(15, before[15]);
  gdb.WriteRegister(kStubXpsr, before[16]);
  general_.reset();
  return result;
}

}  // namespace boardloop::vboard
