/* Cortex-M7: a first model, MODELLED and unvalidated. Arm publishes no timing table for this core.
 *
 * Basis: the Cortex-M7 TRM's description (in order, dual issue, one load-store, one multiply and
 * one floating-point pipeline beside two ALUs, branch prediction with a BTAC). What the description
 * leaves open is chosen simply and listed in docs/cycle-model.md. */
#include "device-agent/virtual/cycles/cycle_model.h"

enum { ALL_REGISTERS = 0xffff, SP = 1 << 13, LR = 1 << 14, PC = 1 << 15 };

static uint16_t bit(unsigned n) { return (uint16_t)(1u << (n & 15)); }

static bl_instruction make(uint32_t cycles, uint8_t unit, uint32_t reads, uint32_t writes) {
  bl_instruction i = {0};
  i.cycles = (uint8_t)cycles;
  i.unit = unit;
  i.reads = (uint16_t)reads;
  i.writes = (uint16_t)writes;
  return i;
}

static bl_instruction with_flags(bl_instruction i, bool reads, bool writes) {
  i.reads_flags = reads;
  i.writes_flags = writes;
  return i;
}

static bl_instruction make_branch(uint32_t reads, uint8_t kind, bool conditional) {
  bl_instruction i = make(1, BL_UNIT_ALU, reads, 0);
  i.branch = kind;
  i.reads_flags = conditional;
  return i;
}

/* `words` registers through a 64-bit port, alone. */
static bl_instruction make_multiple(uint32_t words, uint32_t reads, uint32_t writes) {
  bl_instruction i = make(words == 0 ? 1 : (words + 1) / 2, BL_UNIT_EXCLUSIVE, reads, writes);
  if (writes & PC) i.branch = BL_INDIRECT_BRANCH;
  return i;
}

static bl_instruction alone(uint32_t cycles) {
  return make(cycles, BL_UNIT_EXCLUSIVE, ALL_REGISTERS, ALL_REGISTERS);
}

static uint32_t registers_in(uint32_t list) { return (uint32_t)__builtin_popcount(list); }

static bl_instruction decode_16_register_forms(uint16_t op) {
  const unsigned rd = op & 7, rm = op >> 3 & 7;
  if (!(op & 0x400)) { /* data processing, two registers */
    const unsigned opcode = op >> 6 & 15;
    const bool compares = opcode == 8 || opcode == 10 || opcode == 11;
    const uint8_t unit = opcode == 13 ? BL_UNIT_MULTIPLY : BL_UNIT_ALU;
    const bool carries = opcode == 5 || opcode == 6;
    return with_flags(make(1, unit, bit(rd) | bit(rm), compares ? 0 : bit(rd)), carries, true);
  }
  const unsigned high_rd = rd | (op >> 4 & 8), high_rm = op >> 3 & 15;
  switch (op >> 8 & 3) {
    case 0: { /* ADD */
      bl_instruction i = make(1, BL_UNIT_ALU, bit(high_rd) | bit(high_rm), bit(high_rd));
      if (high_rd == 15) i.branch = BL_INDIRECT_BRANCH;
      return i;
    }
    case 1: /* CMP */
      return with_flags(make(1, BL_UNIT_ALU, bit(high_rd) | bit(high_rm), 0), false, true);
    case 2: { /* MOV */
      bl_instruction i = make(1, BL_UNIT_ALU, bit(high_rm), bit(high_rd));
      if (high_rd == 15) i.branch = BL_INDIRECT_BRANCH;
      return i;
    }
    default:
      return make_branch(bit(high_rm), BL_INDIRECT_BRANCH, false); /* BX, BLX */
  }
}

static bl_instruction decode_16_miscellaneous(uint16_t op) {
  if ((op & 0xff00) == 0xb000) return make(1, BL_UNIT_ALU, SP, SP);
  if ((op & 0xf500) == 0xb100) return make_branch(bit(op & 7), BL_DIRECT_BRANCH, false);
  if ((op & 0xfe00) == 0xb400) {
    const uint32_t list = (op & 0xffu) | (op & 0x100 ? LR : 0);
    return make_multiple(registers_in(list), list | SP, SP);
  }
  if ((op & 0xfe00) == 0xbc00) {
    const uint32_t list = (op & 0xffu) | (op & 0x100 ? PC : 0);
    return make_multiple(registers_in(list), SP, list | SP);
  }
  if ((op & 0xff00) == 0xb200 || (op & 0xff00) == 0xba00) { /* extend, reverse */
    return make(1, BL_UNIT_ALU, bit(op >> 3 & 7), bit(op & 7));
  }
  if ((op & 0xff00) == 0xbf00) { /* IT is folded; other hints take a slot */
    return (op & 15) != 0 ? alone(0) : make(1, BL_UNIT_ALU, 0, 0);
  }
  return alone(1);
}

static bl_instruction decode_16(uint16_t op) {
  const unsigned rd = op & 7, rn = op >> 3 & 7, rm = op >> 6 & 7, r8 = op >> 8 & 7;
  switch (op >> 11) {
    case 0:
    case 1:
    case 2:
      return with_flags(make(1, BL_UNIT_ALU, bit(rn), bit(rd)), false, true);
    case 3:
      return with_flags(make(1, BL_UNIT_ALU, bit(rn) | (op & 0x400 ? 0 : bit(rm)), bit(rd)), false,
                        true);
    case 4:
      return with_flags(make(1, BL_UNIT_ALU, 0, bit(r8)), false, true);
    case 5:
      return with_flags(make(1, BL_UNIT_ALU, bit(r8), 0), false, true);
    case 6:
    case 7:
      return with_flags(make(1, BL_UNIT_ALU, bit(r8), bit(r8)), false, true);
    case 8:
      return decode_16_register_forms(op);
    case 9:
      return make(1, BL_UNIT_MEMORY, 0, bit(r8));
    case 10:
    case 11: {
      const bool stores = (op >> 9 & 7) <= 2;
      return make(1, BL_UNIT_MEMORY, bit(rn) | bit(rm) | (stores ? bit(rd) : 0),
                  stores ? 0 : bit(rd));
    }
    case 12:
    case 14:
    case 16:
      return make(1, BL_UNIT_MEMORY, bit(rn) | bit(rd), 0);
    case 13:
    case 15:
    case 17:
      return make(1, BL_UNIT_MEMORY, bit(rn), bit(rd));
    case 18:
      return make(1, BL_UNIT_MEMORY, SP | bit(r8), 0);
    case 19:
      return make(1, BL_UNIT_MEMORY, SP, bit(r8));
    case 20:
      return make(1, BL_UNIT_ALU, 0, bit(r8));
    case 21:
      return make(1, BL_UNIT_ALU, SP, bit(r8));
    case 22:
    case 23:
      return decode_16_miscellaneous(op);
    case 24:
      return make_multiple(registers_in(op & 0xff), (op & 0xffu) | bit(r8), bit(r8));
    case 25:
      return make_multiple(registers_in(op & 0xff), bit(r8), (op & 0xffu) | bit(r8));
    case 26:
    case 27:
      return (op >> 8 & 15) < 14 ? make_branch(0, BL_DIRECT_BRANCH, true) : alone(1);
    default:
      return make_branch(0, BL_DIRECT_BRANCH, false);
  }
}

static bl_instruction decode_single_memory(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rt = op2 >> 12;
  const bool immediate12 = op & 0x80;
  const bool indexed = !immediate12 && rn != 15 && (op2 & 0x800);
  const bool by_register = !immediate12 && rn != 15 && !(op2 & 0x800);
  const bool loads = op & 0x10;
  uint32_t reads = bit(rn), writes = 0;
  if (by_register) reads |= bit(op2 & 15);
  if (indexed && (op2 & 0x100)) writes |= bit(rn);
  if (loads) {
    writes |= bit(rt);
  } else {
    reads |= bit(rt);
  }
  bl_instruction i = make(1, BL_UNIT_MEMORY, reads, writes);
  if (loads && rt == 15 && (op & 0x60) == 0x40) i.branch = BL_INDIRECT_BRANCH;
  return i;
}

static bl_instruction decode_load_store_multiple(uint16_t op, uint16_t op2) {
  const uint32_t base = bit(op & 15);
  if (!(op & 0x40)) {
    if (op & 0x10) return make_multiple(registers_in(op2), base, op2 | base);
    return make_multiple(registers_in(op2), op2 | base, base);
  }
  if ((op & 0xfff0) == 0xe8d0 && (op2 & 0xf0e0) == 0xf000) { /* TBB, TBH */
    bl_instruction i = alone(2);
    i.branch = BL_INDIRECT_BRANCH;
    return i;
  }
  if (!(op & 0x120)) return alone(2); /* exclusives */
  const uint32_t pair = bit(op2 >> 12) | bit(op2 >> 8 & 15);
  if (op & 0x10) return make(1, BL_UNIT_MEMORY, base, pair | (op & 0x20 ? base : 0));
  return make(1, BL_UNIT_MEMORY, base | pair, op & 0x20 ? base : 0);
}

static bl_instruction decode_branch_or_control(uint16_t op, uint16_t op2) {
  if (op2 & 0x5000) {
    bl_instruction i = make_branch(0, BL_DIRECT_BRANCH, false);
    if (op2 & 0x4000) i.writes = LR;
    return i;
  }
  if ((op & 0x380) != 0x380) return make_branch(0, BL_DIRECT_BRANCH, true);
  return alone((op & 0xfff0) == 0xf3b0 ? 2 : 1);
}

static bl_instruction decode_data_processing(uint16_t op, uint16_t op2) {
  const unsigned rn = op & 15, rd = op2 >> 8 & 15;
  const bool plain_immediate = (op & 0xfa00) == 0xf200;
  const bool shifted_register = (op & 0xfe00) == 0xea00;
  const unsigned opcode = op >> 5 & 15;
  uint32_t reads = rn == 15 ? 0 : bit(rn);
  if (shifted_register) reads |= bit(op2 & 15);
  if (plain_immediate) { /* MOVT and BFI keep a part of rd */
    const unsigned wide = op >> 4 & 31;
    if (wide == 0x0c || wide == 0x16) reads |= bit(rd);
    if (wide == 0x04 || wide == 0x0c) reads &= bit(rd); /* bits 3-0 are of the immediate */
    return make(1, BL_UNIT_ALU, reads, bit(rd));
  }
  const bool carries = opcode == 10 || opcode == 11;
  return with_flags(make(1, BL_UNIT_ALU, reads, rd == 15 ? 0 : bit(rd)), carries, op & 0x10);
}

static bl_instruction decode_multiply(uint16_t op, uint16_t op2) {
  const uint32_t factors = bit(op & 15) | bit(op2 & 15);
  const uint32_t ra = bit(op2 >> 12), rd = bit(op2 >> 8 & 15);
  if ((op & 0xff80) == 0xfb00) { /* 32-bit results; ra is 15 where nothing is added */
    return make(1, BL_UNIT_MULTIPLY, factors | (ra == PC ? 0 : ra), rd);
  }
  const unsigned opcode = op >> 4 & 7; /* 64-bit results in ra (low) and rd (high) */
  const bool accumulates = opcode >= 4;
  return make(1, BL_UNIT_MULTIPLY, factors | (accumulates ? ra | rd : 0), ra | rd);
}

static bl_instruction decode_float(uint16_t op, uint16_t op2) {
  if ((op & 0xfe00) == 0xec00) { /* memory, or VMOV of two registers */
    if ((op & 0xffe0) == 0xec40) return alone(1);
    if ((op & 0xef00) == 0xed00 && !(op & 0x20)) {
      return make(1, BL_UNIT_MEMORY, bit(op & 15), 0);
    }
    return make_multiple(op2 & 0xff, bit(op & 15), op & 0x20 ? bit(op & 15) : 0);
  }
  if (op2 & 0x10) return alone(1); /* VMOV, VMRS, VMSR */
  const unsigned opcode = op >> 4 & 0xb;
  if (opcode == 8) return alone(14);
  if (opcode == 11 && (op & 15) == 1 && (op2 >> 6 & 3) == 3) return alone(14);
  return make(1, BL_UNIT_FLOAT, 0, 0);
}

bl_instruction bl_decode_m7(const bl_cycle_model* model, uint16_t op, uint16_t op2, size_t size) {
  if (size == 2) return decode_16(op);
  if ((op & 0xfe00) == 0xf800) return decode_single_memory(op, op2);
  if ((op & 0xfe00) == 0xe800) return decode_load_store_multiple(op, op2);
  if ((op & 0xf800) == 0xf000 && (op2 & 0x8000)) return decode_branch_or_control(op, op2);
  if ((op & 0xf800) == 0xf000 || (op & 0xfe00) == 0xea00) return decode_data_processing(op, op2);
  if ((op & 0xffd0) == 0xfb90) return alone(model->udiv);
  if ((op & 0xff00) == 0xfb00) return decode_multiply(op, op2);
  if ((op & 0xff00) == 0xfa00) { /* shifts by register, extend and add, parallel arithmetic */
    const uint32_t rn = (op & 15) == 15 ? 0 : bit(op & 15);
    return make(1, BL_UNIT_ALU, rn | bit(op2 & 15), bit(op2 >> 8 & 15));
  }
  if ((op & 0xee00) == 0xec00 && (op2 & 0x0e00) == 0x0a00) return decode_float(op, op2);
  if ((op & 0xff00) == 0xee00 && (op2 & 0x0e00) == 0x0a00) return decode_float(op, op2);
  return alone(1);
}
