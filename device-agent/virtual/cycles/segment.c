#include <string.h>

#include "device-agent/virtual/cycles/cycle_model.h"

bl_instruction bl_decode(const bl_cycle_model* model, const uint8_t* code, size_t size) {
  const uint16_t first = (uint16_t)(code[0] | code[1] << 8);
  const uint16_t second = size == 4 ? (uint16_t)(code[2] | code[3] << 8) : 0;
  if (model->core == BL_MODEL_CORTEX_M7) return bl_decode_m7(model, first, second, size);
  return bl_decode_m4(model, first, second, size);
}

/* Cortex-M4: neighbouring single loads and stores are pipelined, each after the first costs one. */
static bool m4_overlaps(const bl_instruction* last, const bl_instruction* next) {
  return last->unit == BL_UNIT_MEMORY && next->unit == BL_UNIT_MEMORY;
}

/* Cortex-M7: two instructions issue together if they need different units (there are two for the
 * ALU) and the second uses nothing that the first makes. */
static bool m7_overlaps(const bl_instruction* last, const bl_instruction* next) {
  if (last->unit == BL_UNIT_EXCLUSIVE || next->unit == BL_UNIT_EXCLUSIVE) return false;
  if (last->branch != BL_NO_BRANCH) return false;
  if (last->unit == next->unit && last->unit != BL_UNIT_ALU) return false;
  if (last->writes & (next->reads | next->writes)) return false;
  return !(last->writes_flags && (next->reads_flags || next->branch != BL_NO_BRANCH));
}

bool bl_overlaps(const bl_cycle_model* model, const bl_overlap* before,
                 const bl_instruction* next) {
  if (!before->open) return false;
  if (model->core == BL_MODEL_CORTEX_M7) return m7_overlaps(&before->last, next);
  return m4_overlaps(&before->last, next);
}

/* Moves `overlap` past `next` and returns its cycles, when it is known whether they overlap. */
static uint32_t step(const bl_cycle_model* model, bl_overlap* overlap, const bl_instruction* next,
                     bool overlaps) {
  /* An M7 issues at most two together; an M4 pipelines any number of loads and stores. */
  overlap->open = !(overlaps && model->core == BL_MODEL_CORTEX_M7);
  overlap->last = *next;
  return next->cycles - (overlaps ? 1u : 0u);
}

uint32_t bl_step(const bl_cycle_model* model, bl_overlap* overlap, const bl_instruction* next) {
  return step(model, overlap, next, bl_overlaps(model, overlap, next));
}

void bl_segment_begin(bl_segment* segment, uint32_t start) {
  memset(segment, 0, sizeof *segment);
  segment->start = start;
  segment->end = start;
}

void bl_segment_add(const bl_cycle_model* model, bl_segment* segment, const bl_instruction* next,
                    uint32_t end) {
  if (segment->instructions == 0) {
    segment->first = *next;
    for (int entry = 0; entry < 2; entry++) {
      segment->cycles[entry] = step(model, &segment->after[entry], next, entry == 1);
    }
  } else {
    for (int entry = 0; entry < 2; entry++) {
      segment->cycles[entry] += bl_step(model, &segment->after[entry], next);
    }
  }
  segment->instructions++;
  segment->branch = next->branch;
  segment->end = end;
}

/* The refill is paid by the branch, so it belongs before whatever is executed next. */
static void settle_branch(const bl_cycle_model* model, bl_cycle_count* count, uint32_t next) {
  if (count->branch == BL_NO_BRANCH) return;
  const bool taken = next != count->follow;
  const bool refills = model->core == BL_MODEL_CORTEX_M4 || count->branch == BL_INDIRECT_BRANCH;
  if (taken && refills) count->cycles += model->refill;
  if (taken) count->overlap.open = false;
  count->branch = BL_NO_BRANCH;
}

void bl_count_segment(const bl_cycle_model* model, bl_cycle_count* count,
                      const bl_segment* segment) {
  settle_branch(model, count, segment->start);
  if (segment->instructions == 0) return;
  const int entry = bl_overlaps(model, &count->overlap, &segment->first) ? 1 : 0;
  count->instructions += segment->instructions;
  count->cycles += segment->cycles[entry];
  count->overlap = segment->after[entry];
  count->branch = segment->branch;
  count->follow = segment->end;
}
