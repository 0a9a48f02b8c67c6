// Interprets Thumb code that a debugger has loaded into RAM: flash loaders, checksum stubs.
//
// Such code drives the flash controller, which exists in the probe and not in QEMU. Integer Thumb
// and Thumb-2 as compilers emit it for ARMv7-M; an instruction that is not known stops it, and the
// core continues in QEMU.
#pragma once

#include <array>
#include <cstdint>

namespace boardloop::vboard {

// What the code sees of the board. Accesses are of 1, 2 or 4 bytes at any address.
class StubMemory {
 public:
  virtual ~StubMemory() = default;
  virtual uint32_t Load(uint32_t address, int size) = 0;
  virtual void Store(uint32_t address, int size, uint32_t value) = 0;
};

class ThumbInterpreter {
 public:
  enum class Result { kContinue, kBreakpoint, kUnknown };

  // Condition flags and the rest of the IT block (ITSTATE).
  struct Flags {
    bool n = false, z = false, c = false, v = false;
    uint8_t it = 0;
    friend bool operator==(const Flags&, const Flags&) = default;
  };

  // `memory` is not owned and must outlive the interpreter.
  ThumbInterpreter(StubMemory& memory, const std::array<uint32_t, 17>& registers);

  // Executes one instruction. After kBreakpoint and kUnknown the PC still points to it.
  Result Step();

  // r0 to r15 and xPSR, as a debugger reads them.
  std::array<uint32_t, 17> registers() const;
  const std::array<uint32_t, 16>& general() const { return r_; }
  const Flags& flags() const { return flags_; }
  uint64_t stores() const { return stores_; }

 private:
  struct Shifted {
    uint32_t value;
    bool carry;
  };

  Result Execute16(uint16_t op);
  Result Execute32(uint16_t op, uint16_t op2);

  // 16-bit groups
  void ShiftAddSubtract(uint16_t op);
  void DataProcessing16(uint16_t op);
  void HighRegisters(uint16_t op);
  void LoadStoreRegister16(uint16_t op);
  Result Miscellaneous16(uint16_t op);
  void LoadStoreMultiple16(uint16_t op);

  // 32-bit groups
  void LoadStoreSingle(uint16_t op, uint16_t op2);
  void LoadStoreDouble(uint16_t op, uint16_t op2);
  void LoadStoreMultiple(uint16_t op, uint16_t op2);
  Result BranchOrControl(uint16_t op, uint16_t op2);
  Result DataProcessing(uint16_t op, uint16_t op2);
  Result PlainImmediate(uint16_t op, uint16_t op2);
  Result RegisterShiftOrExtend(uint16_t op, uint16_t op2);
  Result MultiplyDivide(uint16_t op, uint16_t op2);

  bool Passes(unsigned condition) const;
  bool SetsFlags() const { return !in_it_block_; }
  uint32_t AddWithCarry(uint32_t a, uint32_t b, bool carry, bool set_flags);
  Shifted Shift(unsigned type, uint32_t value, unsigned amount) const;
  Shifted ExpandImmediate(uint32_t immediate) const;
  void SetNz(uint32_t value);
  void SetLogic(const Shifted& result);
  uint32_t Read(unsigned number) const { return number == 15 ? pc_ + 4 : r_[number]; }
  uint32_t AlignedPc() const { return (pc_ + 4) & ~3u; }
  void Branch(uint32_t target) { r_[15] = target & ~1u; }
  void Store(uint32_t address, int size, uint32_t value);

  StubMemory& memory_;
  std::array<uint32_t, 16> r_;
  uint32_t xpsr_;
  Flags flags_;
  uint64_t stores_ = 0;
  uint32_t pc_ = 0;  // Of the instruction being executed; r_[15] is already the next.
  bool in_it_block_ = false;
};

}  // namespace boardloop::vboard
