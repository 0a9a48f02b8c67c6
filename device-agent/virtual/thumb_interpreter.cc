#include "device-agent/virtual/thumb_interpreter.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace boardloop::vboard {
namespace {

using Result = ThumbInterpreter::Result;

enum ShiftType : unsigned { kLsl = 0, kLsr = 1, kAsr = 2, kRor = 3 };

uint32_t SignExtend(uint32_t value, unsigned bits) {
  const unsigned unused = 32 - bits;
  return static_cast<uint32_t>(static_cast<int32_t>(value << unused) >> unused);
}

// The extension that SXTH, SXTB, UXTH and UXTB make, in this order.
uint32_t Extend(unsigned kind, uint32_t value) {
  switch (kind) {
    case 0:
      return SignExtend(value, 16);
    case 1:
      return SignExtend(value, 8);
    case 2:
      return value & 0xffff;
    default:
      return value & 0xff;
  }
}

uint32_t LowBits(unsigned count) { return count >= 32 ? ~0u : (1u << count) - 1; }

}  // namespace

ThumbInterpreter::ThumbInterpreter(StubMemory& memory, const std::array<uint32_t, 17>& registers)
    : memory_(memory), xpsr_(registers[16]) {
  std::copy_n(registers.begin(), 16, r_.begin());
  flags_ = {(xpsr_ >> 31 & 1) != 0, (xpsr_ >> 30 & 1) != 0, (xpsr_ >> 29 & 1) != 0,
            (xpsr_ >> 28 & 1) != 0, 0};
}

std::array<uint32_t, 17> ThumbInterpreter::registers() const {
  std::array<uint32_t, 17> all;
  std::copy(r_.begin(), r_.end(), all.begin());
  all[16] = (xpsr_ & 0x1ff) | 1u << 24 | uint32_t{flags_.n} << 31 | uint32_t{flags_.z} << 30 |
            uint32_t{flags_.c} << 29 | uint32_t{flags_.v} << 28;
  return all;
}

Result ThumbInterpreter::Step() {
  pc_ = r_[15];
  const auto op = static_cast<uint16_t>(memory_.Load(pc_, 2));
  const bool wide = op >> 11 >= 0x1d;
  const auto op2 = static_cast<uint16_t>(wide ? memory_.Load(pc_ + 2, 2) : 0);
  r_[15] = pc_ + (wide ? 4 : 2);
  in_it_block_ = flags_.it != 0;
  bool skipped = false;
  if (in_it_block_) {
    skipped = !Passes(flags_.it >> 4);
    flags_.it =
        static_cast<uint8_t>(flags_.it & 7 ? (flags_.it & 0xe0) | (flags_.it << 1 & 0x1f) : 0);
  }
  if (skipped) return Result::kContinue;
  const Result result = wide ? Execute32(op, op2) : Execute16(op);
  if (result != Result::kContinue) r_[15] = pc_;
  return result;
}

bool ThumbInterpreter::Passes(unsigned condition) const {
  bool holds = true;
  switch (condition >> 1) {
    case 0:
      holds = flags_.z;
      break;
    case 1:
      holds = flags_.c;
      break;
    case 2:
      holds = flags_.n;
      break;
    case 3:
      holds = flags_.v;
      break;
    case 4:
      holds = flags_.c && !flags_.z;
      break;
    case 5:
      holds = flags_.n == flags_.v;
      break;
    case 6:
      holds = !flags_.z && flags_.n == flags_.v;
      break;
    default:
      return true;
  }
  return (condition & 1) ? !holds : holds;
}

void ThumbInterpreter::SetNz(uint32_t value) {
  flags_.n = value >> 31 != 0;
  flags_.z = value == 0;
}

void ThumbInterpreter::SetLogic(const Shifted& result) {
  SetNz(result.value);
  flags_.c = result.carry;
}

uint32_t ThumbInterpreter::AddWithCarry(uint32_t a, uint32_t b, bool carry, bool set_flags) {
  const uint64_t sum = uint64_t{a} + b + (carry ? 1 : 0);
  const auto value = static_cast<uint32_t>(sum);
  if (set_flags) {
    SetNz(value);
    flags_.c = sum >> 32 != 0;
    flags_.v = (~(a ^ b) & (a ^ value)) >> 31 != 0;
  }
  return value;
}

// amount   0 to 255, as a register gives it: 0 changes nothing
ThumbInterpreter::Shifted ThumbInterpreter::Shift(unsigned type, uint32_t value,
                                                  unsigned amount) const {
  if (amount == 0) return {value, flags_.c};
  switch (type) {
    case kLsl:
      return {amount < 32 ? value << amount : 0, amount <= 32 && (value >> (32 - amount) & 1) != 0};
    case kLsr:
      return {amount < 32 ? value >> amount : 0, amount <= 32 && (value >> (amount - 1) & 1) != 0};
    case kAsr: {
      const unsigned by = std::min(amount, 31u);
      const auto shifted = static_cast<uint32_t>(static_cast<int32_t>(value) >> by);
      const bool carry = amount > 31 ? value >> 31 != 0 : (value >> (amount - 1) & 1) != 0;
      return {shifted, carry};
    }
    default: {
      const uint32_t rotated = std::rotr(value, static_cast<int>(amount & 31));
      return {rotated, rotated >> 31 != 0};
    }
  }
}

// ThumbExpandImm_C of the architecture manual.
ThumbInterpreter::Shifted ThumbInterpreter::ExpandImmediate(uint32_t immediate) const {
  const uint32_t byte = immediate & 0xff;
  switch (immediate >> 8) {
    case 0:
      return {byte, flags_.c};
    case 1:
      return {byte | byte << 16, flags_.c};
    case 2:
      return {byte << 8 | byte << 24, flags_.c};
    case 3:
      return {byte * 0x01010101u, flags_.c};
    default: {
      const uint32_t value = std::rotr(0x80 | (immediate & 0x7f), static_cast<int>(immediate >> 7));
      return {value, value >> 31 != 0};
    }
  }
}

void ThumbInterpreter::Store(uint32_t address, int size, uint32_t value) {
  ++stores_;
  memory_.Store(address, size, value);
}

Result ThumbInterpreter::Execute16(uint16_t op) {
  const unsigned rd = op & 7, rn = op >> 3 & 7, r8 = op >> 8 & 7;
  const uint32_t imm5 = op >> 6 & 31, imm8 = op & 0xff;
  switch (op >> 11) {
    case 0:
    case 1:
    case 2:
    case 3:
      ShiftAddSubtract(op);
      break;
    case 4:  // MOV
      r_[r8] = imm8;
      if (SetsFlags()) SetNz(imm8);
      break;
    case 5:  // CMP
      AddWithCarry(r_[r8], ~imm8, true, true);
      break;
    case 6:  // ADD
      r_[r8] = AddWithCarry(r_[r8], imm8, false, SetsFlags());
      break;
    case 7:  // SUB
      r_[r8] = AddWithCarry(r_[r8], ~imm8, true, SetsFlags());
      break;
    case 8:
      if (op & 0x400) {
        HighRegisters(op);
      } else {
        DataProcessing16(op);
      }
      break;
    case 9:
      r_[r8] = memory_.Load(AlignedPc() + imm8 * 4, 4);
      break;
    case 10:
    case 11:
      LoadStoreRegister16(op);
      break;
    case 12:
      Store(r_[rn] + imm5 * 4, 4, r_[rd]);
      break;
    case 13:
      r_[rd] = memory_.Load(r_[rn] + imm5 * 4, 4);
      break;
    case 14:
      Store(r_[rn] + imm5, 1, r_[rd]);
      break;
    case 15:
      r_[rd] = memory_.Load(r_[rn] + imm5, 1);
      break;
    case 16:
      Store(r_[rn] + imm5 * 2, 2, r_[rd]);
      break;
    case 17:
      r_[rd] = memory_.Load(r_[rn] + imm5 * 2, 2);
      break;
    case 18:
      Store(r_[13] + imm8 * 4, 4, r_[r8]);
      break;
    case 19:
      r_[r8] = memory_.Load(r_[13] + imm8 * 4, 4);
      break;
    case 20:  // ADR
      r_[r8] = AlignedPc() + imm8 * 4;
      break;
    case 21:
      r_[r8] = r_[13] + imm8 * 4;
      break;
    case 22:
    case 23:
      return Miscellaneous16(op);
    case 24:
    case 25:
      LoadStoreMultiple16(op);
      break;
    case 26:
    case 27: {
      const unsigned condition = op >> 8 & 15;
      if (condition >= 14) return Result::kUnknown;  // UDF, SVC
      if (Passes(condition)) Branch(pc_ + 4 + SignExtend(imm8 << 1, 9));
      break;
    }
    default:
      Branch(pc_ + 4 + SignExtend((op & 0x7ffu) << 1, 12));
      break;
  }
  return Result::kContinue;
}

void ThumbInterpreter::ShiftAddSubtract(uint16_t op) {
  const unsigned rd = op & 7, rn = op >> 3 & 7, rm = op >> 6 & 7;
  const unsigned type = op >> 11;
  if (type == 3) {
    const uint32_t operand = op & 0x400 ? rm : r_[rm];
    const bool subtract = op & 0x200;
    r_[rd] = AddWithCarry(r_[rn], subtract ? ~operand : operand, subtract, SetsFlags());
    return;
  }
  unsigned amount = op >> 6 & 31;
  if (type != kLsl && amount == 0) amount = 32;
  const Shifted result = Shift(type, r_[rn], amount);
  r_[rd] = result.value;
  if (SetsFlags()) SetLogic(result);
}

void ThumbInterpreter::DataProcessing16(uint16_t op) {
  const unsigned rd = op & 7;
  const uint32_t a = r_[rd], b = r_[op >> 3 & 7];
  Shifted result{0, flags_.c};
  switch (op >> 6 & 15) {
    case 0:
      result.value = a & b;
      break;
    case 1:
      result.value = a ^ b;
      break;
    case 2:
      result = Shift(kLsl, a, b & 0xff);
      break;
    case 3:
      result = Shift(kLsr, a, b & 0xff);
      break;
    case 4:
      result = Shift(kAsr, a, b & 0xff);
      break;
    case 5:
      r_[rd] = AddWithCarry(a, b, flags_.c, SetsFlags());
      return;
    case 6:
      r_[rd] = AddWithCarry(a, ~b, flags_.c, SetsFlags());
      return;
    case 7:
      result = Shift(kRor, a, b & 0xff);
      break;
    case 8:  // TST
      SetNz(a & b);
      return;
    case 9:  // RSB from 0
      r_[rd] = AddWithCarry(~b, 0, true, SetsFlags());
      return;
    case 10:  // CMP
      AddWithCarry(a, ~b, true, true);
      return;
    case 11:  // CMN
      AddWithCarry(a, b, false, true);
      return;
    case 12:
      result.value = a | b;
      break;
    case 13:
      result.value = a * b;
      break;
    case 14:
      result.value = a & ~b;
      break;
    default:
      result.value = ~b;
      break;
  }
  r_[rd] = result.value;
  if (SetsFlags()) SetLogic(result);
}

void ThumbInterpreter::HighRegisters(uint16_t op) {
  const unsigned rd = (op & 7) | (op >> 4 & 8), rm = op >> 3 & 15;
  switch (op >> 8 & 3) {
    case 0: {
      const uint32_t sum = Read(rd) + Read(rm);
      if (rd == 15) {
        Branch(sum);
      } else {
        r_[rd] = sum;
      }
      break;
    }
    case 1:
      AddWithCarry(Read(rd), ~Read(rm), true, true);
      break;
    case 2:
      if (rd == 15) {
        Branch(Read(rm));
      } else {
        r_[rd] = Read(rm);
      }
      break;
    default: {  // BX, BLX
      const uint32_t target = Read(rm);
      if (op & 0x80) r_[14] = (pc_ + 2) | 1;
      Branch(target);
      break;
    }
  }
}

void ThumbInterpreter::LoadStoreRegister16(uint16_t op) {
  const unsigned rd = op & 7;
  const uint32_t address = r_[op >> 3 & 7] + r_[op >> 6 & 7];
  switch (op >> 9 & 7) {
    case 0:
      Store(address, 4, r_[rd]);
      break;
    case 1:
      Store(address, 2, r_[rd]);
      break;
    case 2:
      Store(address, 1, r_[rd]);
      break;
    case 3:
      r_[rd] = SignExtend(memory_.Load(address, 1), 8);
      break;
    case 4:
      r_[rd] = memory_.Load(address, 4);
      break;
    case 5:
      r_[rd] = memory_.Load(address, 2);
      break;
    case 6:
      r_[rd] = memory_.Load(address, 1);
      break;
    default:
      r_[rd] = SignExtend(memory_.Load(address, 2), 16);
      break;
  }
}

Result ThumbInterpreter::Miscellaneous16(uint16_t op) {
  const unsigned rd = op & 7, rn = op >> 3 & 7;
  if ((op & 0xff00) == 0xb000) {  // ADD, SUB of SP
    const uint32_t amount = (op & 0x7fu) * 4;
    r_[13] = op & 0x80 ? r_[13] - amount : r_[13] + amount;
  } else if ((op & 0xf500) == 0xb100) {  // CBZ, CBNZ
    const bool on_nonzero = op & 0x800;
    if ((r_[rd] != 0) == on_nonzero) {
      Branch(pc_ + 4 + ((op >> 9 & 1u) << 6 | (op >> 3 & 31u) << 1));
    }
  } else if ((op & 0xff00) == 0xb200) {
    r_[rd] = Extend(op >> 6 & 3, r_[rn]);
  } else if ((op & 0xfe00) == 0xb400) {  // PUSH
    const uint32_t list = (op & 0xffu) | (op & 0x100u) << 6;
    uint32_t address = r_[13] -= 4 * static_cast<uint32_t>(std::popcount(list));
    for (unsigned i = 0; i < 15; ++i) {
      if (list >> i & 1) Store(std::exchange(address, address + 4), 4, r_[i]);
    }
  } else if ((op & 0xfe00) == 0xbc00) {  // POP
    uint32_t address = r_[13];
    for (unsigned i = 0; i < 8; ++i) {
      if (op >> i & 1) r_[i] = memory_.Load(std::exchange(address, address + 4), 4);
    }
    if (op & 0x100) Branch(memory_.Load(std::exchange(address, address + 4), 4));
    r_[13] = address;
  } else if ((op & 0xffc0) == 0xba00) {  // REV
    r_[rd] = __builtin_bswap32(r_[rn]);
  } else if ((op & 0xffc0) == 0xba40) {  // REV16
    r_[rd] = (r_[rn] & 0xff00ff) << 8 | (r_[rn] >> 8 & 0xff00ff);
  } else if ((op & 0xff00) == 0xbe00) {
    return Result::kBreakpoint;
  } else if ((op & 0xff00) == 0xbf00) {  // IT; hints do nothing
    if (op & 15) flags_.it = static_cast<uint8_t>(op);
  } else if ((op & 0xffe8) != 0xb660) {  // CPS does nothing: there are no interrupts
    return Result::kUnknown;
  }
  return Result::kContinue;
}

void ThumbInterpreter::LoadStoreMultiple16(uint16_t op) {
  const unsigned rn = op >> 8 & 7;
  const bool loads = op & 0x800;
  uint32_t address = r_[rn];
  for (unsigned i = 0; i < 8; ++i) {
    if ((op >> i & 1) == 0) continue;
    if (loads) {
      r_[i] = memory_.Load(address, 4);
    } else {
      Store(address, 4, r_[i]);
    }
    address += 4;
  }
  const bool base_loaded = loads && (op >> rn & 1);
  if (!base_loaded) r_[rn] = address;
}

Result ThumbInterpreter::Execute32(uint16_t op, uint16_t op2) {
  if ((op & 0xfe00) == 0xf800) {
    LoadStoreSingle(op, op2);
    return Result::kContinue;
  }
  if ((op & 0xfe40) == 0xe840) {
    if ((op & 0x120) == 0) return Result::kUnknown;  // exclusives, table branches
    LoadStoreDouble(op, op2);
    return Result::kContinue;
  }
  if ((op & 0xfe40) == 0xe800) {
    const unsigned mode = op >> 7 & 3;
    if (mode == 0 || mode == 3) return Result::kUnknown;
    LoadStoreMultiple(op, op2);
    return Result::kContinue;
  }
  if ((op & 0xf800) == 0xf000 && (op2 & 0x8000)) return BranchOrControl(op, op2);
  if ((op & 0xfa00) == 0xf200) return PlainImmediate(op, op2);
  if ((op & 0xfa00) == 0xf000 || (op & 0xfe00) == 0xea00) return DataProcessing(op, op2);
  if ((op & 0xff80) == 0xfa00) return RegisterShiftOrExtend(op, op2);
  if ((op & 0xff00) == 0xfb00) return MultiplyDivide(op, op2);
  return Result::kUnknown;
}

void ThumbInterpreter::LoadStoreSingle(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rt = op2 >> 12;
  const int size = 1 << (op >> 5 & 3);
  const bool loads = op & 0x10, sign_extends = op & 0x100;
  uint32_t address = 0;
  bool writes_back = false;
  uint32_t indexed = 0;
  if (rn == 15) {
    address = op & 0x80 ? AlignedPc() + (op2 & 0xfffu) : AlignedPc() - (op2 & 0xfffu);
  } else if (op & 0x80) {
    address = r_[rn] + (op2 & 0xfffu);
  } else if (op2 & 0x800) {
    indexed = op2 & 0x200 ? r_[rn] + (op2 & 0xffu) : r_[rn] - (op2 & 0xffu);
    address = op2 & 0x400 ? indexed : r_[rn];
    writes_back = op2 & 0x100;
  } else {
    address = r_[rn] + (Read(op2 & 15) << (op2 >> 4 & 3));
  }
  if (!loads) {
    Store(address, size, r_[rt]);
    if (writes_back) r_[rn] = indexed;
    return;
  }
  uint32_t value = memory_.Load(address, size);
  if (sign_extends) value = SignExtend(value, 8 * static_cast<unsigned>(size));
  if (writes_back) r_[rn] = indexed;
  if (rt != 15) {
    r_[rt] = value;
  } else if (size == 4) {
    Branch(value);
  }
}

void ThumbInterpreter::LoadStoreDouble(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rt = op2 >> 12, rt2 = op2 >> 8 & 15;
  const uint32_t base = rn == 15 ? AlignedPc() : r_[rn];
  const uint32_t offset = (op2 & 0xffu) * 4;
  const uint32_t indexed = op & 0x80 ? base + offset : base - offset;
  const uint32_t address = op & 0x100 ? indexed : base;
  if (op & 0x10) {
    r_[rt] = memory_.Load(address, 4);
    r_[rt2] = memory_.Load(address + 4, 4);
  } else {
    Store(address, 4, r_[rt]);
    Store(address + 4, 4, r_[rt2]);
  }
  if (op & 0x20) r_[rn] = indexed;
}

void ThumbInterpreter::LoadStoreMultiple(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15;
  const uint32_t bytes = 4 * static_cast<uint32_t>(std::popcount(op2));
  const bool decrements = op & 0x100, loads = op & 0x10;
  uint32_t address = decrements ? r_[rn] - bytes : r_[rn];
  const uint32_t after = decrements ? address : address + bytes;
  for (unsigned i = 0; i < 16; ++i) {
    if ((op2 >> i & 1) == 0) continue;
    if (!loads) {
      Store(address, 4, r_[i]);
    } else if (i == 15) {
      Branch(memory_.Load(address, 4));
    } else {
      r_[i] = memory_.Load(address, 4);
    }
    address += 4;
  }
  if (op & 0x20) r_[rn] = after;
}

Result ThumbInterpreter::BranchOrControl(uint16_t op, uint16_t op2) {
  const uint32_t s = op >> 10 & 1, j1 = op2 >> 13 & 1, j2 = op2 >> 11 & 1;
  if (op2 & 0x5000) {  // B.W, BL
    const uint32_t offset = s << 24 | (~(j1 ^ s) & 1) << 23 | (~(j2 ^ s) & 1) << 22 |
                            (op & 0x3ffu) << 12 | (op2 & 0x7ffu) << 1;
    if (op2 & 0x4000) r_[14] = (pc_ + 4) | 1;
    Branch(pc_ + 4 + SignExtend(offset, 25));
    return Result::kContinue;
  }
  if ((op & 0x380) != 0x380) {  // B<cond>.W
    const uint32_t offset =
        s << 20 | j2 << 19 | j1 << 18 | (op & 0x3fu) << 12 | (op2 & 0x7ffu) << 1;
    if (Passes(op >> 6 & 15)) Branch(pc_ + 4 + SignExtend(offset, 21));
    return Result::kContinue;
  }
  if ((op & 0xffe0) == 0xf3a0 || (op & 0xfff0) == 0xf380) {  // hints, barriers, MSR: no effect
    return Result::kContinue;
  }
  if ((op & 0xfff0) == 0xf3e0) {  // MRS: no interrupts are masked
    r_[op2 >> 8 & 15] = 0;
    return Result::kContinue;
  }
  return Result::kUnknown;
}

// Modified immediate (op is 0xf0..) or shifted register (0xea..).
Result ThumbInterpreter::DataProcessing(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rd = op2 >> 8 & 15, rm = op2 & 15;
  const bool sets_flags = op & 0x10;
  Shifted b{0, false};
  if ((op & 0xf800) == 0xf000) {
    b = ExpandImmediate((op >> 10 & 1u) << 11 | (op2 >> 12 & 7u) << 8 | (op2 & 0xffu));
  } else {
    const unsigned type = op2 >> 4 & 3;
    unsigned amount = (op2 >> 12 & 7u) << 2 | (op2 >> 6 & 3u);
    if (type == kRor && amount == 0) {  // RRX
      b = {uint32_t{flags_.c} << 31 | Read(rm) >> 1, (Read(rm) & 1) != 0};
    } else {
      if ((type == kLsr || type == kAsr) && amount == 0) amount = 32;
      b = Shift(type, Read(rm), amount);
    }
  }
  const uint32_t a = Read(rn);
  uint32_t value = 0;
  bool logic = true;
  switch (op >> 5 & 15) {
    case 0:
      value = a & b.value;
      break;
    case 1:
      value = a & ~b.value;
      break;
    case 2:
      value = rn == 15 ? b.value : a | b.value;
      break;
    case 3:
      value = rn == 15 ? ~b.value : a | ~b.value;
      break;
    case 4:
      value = a ^ b.value;
      break;
    case 8:
      value = AddWithCarry(a, b.value, false, sets_flags);
      logic = false;
      break;
    case 10:
      value = AddWithCarry(a, b.value, flags_.c, sets_flags);
      logic = false;
      break;
    case 11:
      value = AddWithCarry(a, ~b.value, flags_.c, sets_flags);
      logic = false;
      break;
    case 13:
      value = AddWithCarry(a, ~b.value, true, sets_flags);
      logic = false;
      break;
    case 14:
      value = AddWithCarry(~a, b.value, true, sets_flags);
      logic = false;
      break;
    default:
      return Result::kUnknown;
  }
  if (logic && sets_flags) SetLogic({value, b.carry});
  if (rd != 15) r_[rd] = value;
  return Result::kContinue;
}

Result ThumbInterpreter::PlainImmediate(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rd = op2 >> 8 & 15;
  const uint32_t imm12 = (op >> 10 & 1u) << 11 | (op2 >> 12 & 7u) << 8 | (op2 & 0xffu);
  const uint32_t imm16 = (op & 15u) << 12 | imm12;
  const unsigned lsb = (op2 >> 12 & 7u) << 2 | (op2 >> 6 & 3u), last = op2 & 31;
  const uint32_t base = rn == 15 ? AlignedPc() : r_[rn];
  switch (op >> 4 & 31) {
    case 0x00:  // ADDW, ADR
      r_[rd] = base + imm12;
      return Result::kContinue;
    case 0x0a:  // SUBW, ADR
      r_[rd] = base - imm12;
      return Result::kContinue;
    case 0x04:  // MOVW
      r_[rd] = imm16;
      return Result::kContinue;
    case 0x0c:  // MOVT
      r_[rd] = (r_[rd] & 0xffff) | imm16 << 16;
      return Result::kContinue;
    case 0x14:  // SBFX
      r_[rd] = SignExtend(r_[rn] >> lsb, last + 1);
      return Result::kContinue;
    case 0x16: {  // BFI, BFC
      const uint32_t field = LowBits(last - lsb + 1) << lsb;
      r_[rd] = (r_[rd] & ~field) | ((rn == 15 ? 0 : r_[rn] << lsb) & field);
      return Result::kContinue;
    }
    case 0x1c:  // UBFX
      r_[rd] = r_[rn] >> lsb & LowBits(last + 1);
      return Result::kContinue;
    default:
      return Result::kUnknown;
  }
}

Result ThumbInterpreter::RegisterShiftOrExtend(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rd = op2 >> 8 & 15, rm = op2 & 15;
  if ((op2 & 0xf0f0) == 0xf000) {
    const Shifted result = Shift(op >> 5 & 3, r_[rn], r_[rm] & 0xff);
    r_[rd] = result.value;
    if (op & 0x10) SetLogic(result);
    return Result::kContinue;
  }
  if ((op2 & 0xf080) != 0xf080) return Result::kUnknown;
  const uint32_t rotated = std::rotr(r_[rm], static_cast<int>((op2 >> 4 & 3) * 8));
  const uint32_t addend = rn == 15 ? 0 : r_[rn];
  switch (op >> 4 & 7) {  // SXTH, UXTH, SXTB, UXTB, and with addition
    case 0:
      r_[rd] = addend + Extend(0, rotated);
      return Result::kContinue;
    case 1:
      r_[rd] = addend + Extend(2, rotated);
      return Result::kContinue;
    case 4:
      r_[rd] = addend + Extend(1, rotated);
      return Result::kContinue;
    case 5:
      r_[rd] = addend + Extend(3, rotated);
      return Result::kContinue;
    default:
      return Result::kUnknown;
  }
}

Result ThumbInterpreter::MultiplyDivide(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rt = op2 >> 12, rd = op2 >> 8 & 15, rm = op2 & 15;
  if ((op & 0xfff0) == 0xfb00 && (op2 & 0xe0) == 0) {  // MUL, MLA, MLS
    const uint32_t product = r_[rn] * r_[rm];
    if (op2 & 0x10) {
      r_[rd] = r_[rt] - product;
    } else {
      r_[rd] = rt == 15 ? product : r_[rt] + product;
    }
    return Result::kContinue;
  }
  switch (op & 0xfff0) {
    case 0xfb80:    // SMULL
    case 0xfba0: {  // UMULL
      const bool is_signed = (op & 0x20) == 0;
      const uint64_t product = is_signed
                                   ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(r_[rn])} *
                                                           static_cast<int32_t>(r_[rm]))
                                   : uint64_t{r_[rn]} * r_[rm];
      r_[rt] = static_cast<uint32_t>(product);
      r_[rd] = static_cast<uint32_t>(product >> 32);
      return Result::kContinue;
    }
    case 0xfb90: {  // SDIV; by 0 it gives 0
      const int64_t divisor = static_cast<int32_t>(r_[rm]);
      const int64_t dividend = static_cast<int32_t>(r_[rn]);
      r_[rd] = divisor == 0 ? 0 : static_cast<uint32_t>(dividend / divisor);
      return Result::kContinue;
    }
    case 0xfbb0:  // UDIV
      r_[rd] = r_[rm] == 0 ? 0 : r_[rn] / r_[rm];
      return Result::kContinue;
    default:
      return Result::kUnknown;
  }
}

}  // namespace boardloop::vboard
