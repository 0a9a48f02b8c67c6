/* Cycle models: what an instruction of a Cortex-M costs, and which neighbours overlap.
 *
 * docs/cycle-model.md lists the tables, their sources and the assumptions. Both models assume
 * memory without wait states. Neither has been validated on silicon.
 *
 * Invariants:
 *   (1) A cost depends on the executed instructions alone, never on how QEMU cuts them into blocks.
 *   (2) Decoding never fails: what is not known costs one cycle. */
#ifndef BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_MODEL_H_
#define BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_MODEL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BL_MODEL_CORTEX_M4 = 4, BL_MODEL_CORTEX_M7 = 7 };
#define BL_MODEL_VERSION 1u

typedef struct {
  uint32_t core;   /* BL_MODEL_CORTEX_M4 or BL_MODEL_CORTEX_M7 */
  uint32_t refill; /* Cycles to refill the pipeline after a taken branch (the TRM's P, 1 to 3). */
  uint32_t udiv;   /* Cycles of UDIV and SDIV (the TRM: 2 to 12, by operands). */
} bl_cycle_model;

/* Kinds of branch. Whether one was taken is seen at execution: the next instruction executed is not
 * the one that follows it. */
enum { BL_NO_BRANCH, BL_DIRECT_BRANCH, BL_INDIRECT_BRANCH };

/* Units an instruction needs, for the question whether two may overlap. */
enum {
  BL_UNIT_ALU,
  BL_UNIT_MEMORY,    /* a single load or store */
  BL_UNIT_MULTIPLY,  /* integer multiply */
  BL_UNIT_FLOAT,     /* floating point */
  BL_UNIT_EXCLUSIVE, /* alone in its cycles: barriers, divisions, multiple loads, IT */
};

typedef struct {
  uint16_t reads;  /* Bit n: reads r<n>. Cortex-M7 only. */
  uint16_t writes; /* Bit n: writes r<n>. Cortex-M7 only. */
  uint8_t cycles;  /* Alone, without the refill of a taken branch. */
  uint8_t branch;  /* BL_NO_BRANCH ... */
  uint8_t unit;    /* BL_UNIT_ALU ... */
  uint8_t reads_flags;
  uint8_t writes_flags;
} bl_instruction;

/* code   the instruction's bytes, little endian; size is 2 or 4 */
bl_instruction bl_decode(const bl_cycle_model* model, const uint8_t* code, size_t size);
bl_instruction bl_decode_m4(const bl_cycle_model* model, uint16_t first, uint16_t second,
                            size_t size);
bl_instruction bl_decode_m7(const bl_cycle_model* model, uint16_t first, uint16_t second,
                            size_t size);

/* The instruction at the end of what has been counted, as far as it matters to the next one. */
typedef struct {
  bl_instruction last;
  bool open; /* `last` may overlap with the instruction that follows it. */
} bl_overlap;

/* True when `next` overlaps with the instruction before it and costs one cycle less. */
bool bl_overlaps(const bl_cycle_model* model, const bl_overlap* before, const bl_instruction* next);

/* Adds one instruction: returns its cycles and moves `overlap` past it. */
uint32_t bl_step(const bl_cycle_model* model, bl_overlap* overlap, const bl_instruction* next);

/* A run of instructions that is entered at its first and left after its last: summed up once, when
 * QEMU translates it, for both ways in which it can be entered. */
typedef struct {
  uint32_t start; /* Address of the first instruction. */
  uint32_t end;   /* Address after the last. */
  uint32_t instructions;
  uint32_t branch; /* Kind of the last instruction. */
  bl_instruction first;
  uint32_t cycles[2];  /* [1]: the first instruction overlaps with the one before the run. */
  bl_overlap after[2]; /* Likewise. */
} bl_segment;

void bl_segment_begin(bl_segment* segment, uint32_t start);
void bl_segment_add(const bl_cycle_model* model, bl_segment* segment, const bl_instruction* next,
                    uint32_t end);

/* The running count of a core. */
typedef struct {
  uint64_t instructions;
  uint64_t cycles;
  bl_overlap overlap;
  uint32_t branch; /* Kind of the last instruction if it is not known yet whether it was taken. */
  uint32_t follow; /* Address after it. */
} bl_cycle_count;

/* The core is about to execute `segment`, which may be empty (nothing but a mark). */
void bl_count_segment(const bl_cycle_model* model, bl_cycle_count* count,
                      const bl_segment* segment);

#ifdef __cplusplus
}
#endif

#endif /* BOARDLOOP_DEVICE_AGENT_VIRTUAL_CYCLES_CYCLE_MODEL_H_ */
