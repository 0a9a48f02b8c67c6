#include "firmware/runner/timing.h"

#include "firmware/runner/core_registers.h"
#include "firmware/runner/image.h"
#include "firmware/runner/mailbox.h"
#include "firmware/runner/marks.h"

static uint32_t last_cycles; /* Counter at the last lap. */
static uint32_t run_cycles;

static inline uint32_t uses_counter(void) {
  return bl_image_description.timing == BL_TIMING_CYCCNT;
}

static inline void mark_begin(void) {
  __asm volatile(".inst.n %c0" ::"i"(BL_MARK_BEGIN_HINT) : "memory");
}

static inline void mark_lap(void) {
  __asm volatile(".inst.n %c0" ::"i"(BL_MARK_LAP_HINT) : "memory");
}

void bl_timing_init(void) {
  if (!uses_counter()) return;
  BL_DEMCR |= BL_DEMCR_TRCENA;
  BL_DWT_LAR = BL_LAR_KEY;
  BL_DWT_CYCCNT = 0;
  BL_DWT_CTRL |= BL_DWT_CYCCNTENA;
}

void bl_timing_clear(void) {
  for (uint32_t i = 0; i < bl_image_description.step_capacity; ++i) {
    bl_image_description.step_cycles[i] = 0;
  }
}

void bl_timing_begin_run(void) {
  run_cycles = 0;
  if (uses_counter()) {
    last_cycles = BL_DWT_CYCCNT;
  } else {
    mark_begin();
  }
}

uint32_t bl_timing_end_run(void) {
  return uses_counter() ? run_cycles + (BL_DWT_CYCCNT - last_cycles) : 0;
}

static void lap_by_counter(int32_t step) {
  const uint32_t cycles = BL_DWT_CYCCNT - last_cycles; /* Right also when it has wrapped. */
  run_cycles += cycles;
  if ((uint32_t)step < bl_image_description.step_capacity) {
    bl_image_description.step_cycles[step] += cycles;
  }
  last_cycles = BL_DWT_CYCCNT;
}

void bl_timing_lap(int32_t step) {
  if (uses_counter()) {
    lap_by_counter(step);
  } else {
    mark_lap();
  }
}

uint32_t bl_timing_pause(void) { return uses_counter() ? BL_DWT_CYCCNT : 0; }

void bl_timing_resume(uint32_t token) {
  if (uses_counter()) {
    last_cycles += BL_DWT_CYCCNT - token;
  } else {
    mark_begin(); /* The few instructions from the last lap to the pause are forgotten, too. */
  }
}
