/* Cortex-M4 (and its FPU), after Arm's Cortex-M4 Technical Reference Manual r0p1, tables 3-1 and
 * 7-1. Zero wait states; branches cost 1 + P when taken, 1 when not. */
#include "device-agent/virtual/cycles/cycle_model.h"

static uint8_t registers_in(uint32_t list) { return (uint8_t)__builtin_popcount(list); }

static bl_instruction cost(uint32_t cycles) {
  bl_instruction i = {0};
  i.cycles = (uint8_t)cycles;
  i.unit = BL_UNIT_ALU;
  return i;
}

static bl_instruction branch_cost(uint32_t cycles, uint8_t kind) {
  bl_instruction i = cost(cycles);
  i.branch = kind;
  return i;
}

/* A single load or store: two cycles, one when it follows another. */
static bl_instruction memory_cost(void) {
  bl_instruction i = cost(2);
  i.unit = BL_UNIT_MEMORY;
  return i;
}

static bl_instruction decode_16(uint16_t op) {
  switch (op >> 12) {
    case 0x4: {
      if ((op & 0xff00) == 0x4700) return branch_cost(1, BL_INDIRECT_BRANCH); /* BX, BLX */
      const unsigned destination = (op & 7) | (op >> 4 & 8);
      if ((op & 0xfc00) == 0x4400 && destination == 15 && (op & 0x300) != 0x100) {
        return branch_cost(1, BL_INDIRECT_BRANCH); /* ADD pc, MOV pc */
      }
      return (op & 0xf800) == 0x4800 ? memory_cost() : cost(1); /* LDR literal */
    }
    case 0x5:
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
      return memory_cost();
    case 0xb:
      if ((op & 0xf500) == 0xb100) return branch_cost(1, BL_DIRECT_BRANCH);    /* CBZ, CBNZ */
      if ((op & 0xfe00) == 0xb400) return cost(1u + registers_in(op & 0x1ff)); /* PUSH */
      if ((op & 0xfe00) == 0xbc00) {                                           /* POP */
        return branch_cost(1u + registers_in(op & 0x1ff),
                           op & 0x100 ? BL_INDIRECT_BRANCH : BL_NO_BRANCH);
      }
      if ((op & 0xff00) == 0xbf00 && (op & 15) != 0) return cost(0); /* IT: folded */
      return cost(1);
    case 0xc:
      return cost(1u + registers_in(op & 0xff)); /* LDM, STM */
    case 0xd:
      return (op >> 8 & 15) < 14 ? branch_cost(1, BL_DIRECT_BRANCH) : cost(1);
    case 0xe:
      return branch_cost(1, BL_DIRECT_BRANCH);
    default:
      return cost(1);
  }
}

/* LDRD, STRD, exclusives, table branches, LDM and STM. */
static bl_instruction decode_load_store_multiple(uint16_t op, uint16_t op2) {
  if ((op & 0xfff0) == 0xe8d0 && (op2 & 0xf0e0) == 0xf000) {
    return branch_cost(2, BL_INDIRECT_BRANCH); /* TBB, TBH */
  }
  if (op & 0x40) return cost(op & 0x120 ? 3 : 2); /* LDRD, STRD: 1 + N; LDREX, STREX */
  const bool loads_pc = (op & 0x10) && (op2 & 0x8000);
  return branch_cost(1u + registers_in(op2), loads_pc ? BL_INDIRECT_BRANCH : BL_NO_BRANCH);
}

static bl_instruction decode_branch_or_control(uint16_t op, uint16_t op2) {
  if (op2 & 0x5000) return branch_cost(1, BL_DIRECT_BRANCH);          /* B.W, BL */
  if ((op & 0x380) != 0x380) return branch_cost(1, BL_DIRECT_BRANCH); /* B<cond>.W */
  return cost((op & 0xfff0) == 0xf3b0 ? 2 : 1);                       /* barriers: 1 + B */
}

static bl_instruction decode_float_memory(uint16_t op, uint16_t op2) {
  if ((op & 0xef00) == 0xed00 && !(op & 0x20)) return cost(op2 & 0x100 ? 3 : 2); /* VLDR, VSTR */
  if ((op & 0xffe0) == 0xec40) return cost(2); /* VMOV, two registers */
  return cost(1u + (op2 & 0xff));              /* VLDM, VSTM, VPUSH, VPOP: words */
}

static bl_instruction decode_float_arithmetic(uint16_t op, uint16_t op2) {
  const unsigned opcode = op >> 4 & 0xb;
  if (opcode <= 1) return cost(3);                 /* VMLA, VMLS, VNMLA, VNMLS */
  if (opcode == 8) return cost(14);                /* VDIV */
  if (opcode == 9 || opcode == 10) return cost(3); /* VFMA, VFMS, VFNMA, VFNMS */
  if (opcode == 11 && (op & 15) == 1 && (op2 >> 6 & 3) == 3) return cost(14); /* VSQRT */
  return cost(1);
}

bl_instruction bl_decode_m4(const bl_cycle_model* model, uint16_t op, uint16_t op2, size_t size) {
  if (size == 2) return decode_16(op);
  if ((op & 0xfe00) == 0xf800) { /* single loads and stores */
    const bool loads_pc = (op & 0x70) == 0x50 && op2 >> 12 == 15;
    return loads_pc ? branch_cost(2, BL_INDIRECT_BRANCH) : memory_cost();
  }
  if ((op & 0xfe00) == 0xe800) return decode_load_store_multiple(op, op2);
  if ((op & 0xf800) == 0xf000 && (op2 & 0x8000)) return decode_branch_or_control(op, op2);
  if ((op & 0xffd0) == 0xfb90) return cost(model->udiv); /* SDIV, UDIV */
  if ((op & 0xee00) == 0xec00 && (op2 & 0x0e00) == 0x0a00) return decode_float_memory(op, op2);
  if ((op & 0xff00) == 0xee00 && (op2 & 0x0e10) == 0x0a00) return decode_float_arithmetic(op, op2);
  return cost(1);
}
