#include "firmware/runner/cache.h"

#include <stdint.h>

#include "firmware/runner/core_registers.h"

/* Writes one word for each line of the data cache to a set/way register. */
static void for_each_line(volatile uint32_t* set_way) {
  BL_CSSELR = 0; /* Level 1, data. */
  bl_barrier();
  const uint32_t size = BL_CCSIDR;
  const uint32_t line_shift = (size & 7) + 4;
  const uint32_t last_way = (size >> 3) & 0x3FF;
  const uint32_t last_set = (size >> 13) & 0x7FFF;
  /* The way stands in the highest bits that hold it. */
  const uint32_t way_shift = last_way == 0 ? 0 : (uint32_t)__builtin_clz(last_way);
  for (uint32_t set = 0; set <= last_set; ++set) {
    for (uint32_t way = 0; way <= last_way; ++way) {
      *set_way = way << way_shift | set << line_shift;
    }
  }
  bl_barrier();
}

void bl_cache_enable(void) {
  BL_ICIALLU = 0;
  for_each_line(&BL_DCISW);
  BL_SCB_CCR |= BL_CCR_IC | BL_CCR_DC;
  bl_barrier();
}

void bl_cache_flush(void) {
  if ((BL_SCB_CCR & BL_CCR_DC) == 0) return;
  bl_barrier();
  for_each_line(&BL_DCCISW);
}
