/* What the builder (device-agent/build) decides for each image: a generated source defines
 * bl_image_description, the generated linker script the addresses. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_IMAGE_H_
#define BOARDLOOP_FIRMWARE_RUNNER_IMAGE_H_

#include <stdint.h>

#include "firmware/engine/engine.h"

/* Values of MPU_RBAR (without VALID and REGION) and MPU_RASR. */
typedef struct {
  uint32_t base;
  uint32_t attributes;
} bl_mpu_region;

typedef struct {
  uint8_t* begin;
  uint8_t* end;
} bl_ram_range;

typedef struct {
  const bl_network* network; /* NULL in a resident image. */
  uint32_t clock_hz;
  uint32_t timing;       /* BL_TIMING_CYCCNT or BL_TIMING_MARKS. */
  uint32_t* step_cycles; /* [step_capacity] */
  uint32_t step_capacity;
  const bl_mpu_region* regions; /* Whatever lies in none of them faults. */
  uint32_t region_count;
  const bl_ram_range* free_ranges; /* RAM that neither the program nor its arena uses. */
  uint32_t free_range_count;
} bl_image;

extern const bl_image bl_image_description;

/* From the linker script. The stack lies at the bottom of its memory: what grows past its end meets
 * addresses that no MPU region covers. */
extern uint32_t bl_stack_begin[], bl_stack_end[];
extern uint32_t bl_data_begin[], bl_data_end[];
extern const uint32_t bl_data_load[];
extern uint32_t bl_bss_begin[], bl_bss_end[];

#endif /* BOARDLOOP_FIRMWARE_RUNNER_IMAGE_H_ */
