#include "firmware/runner/memory_protection.h"

#include "firmware/runner/core_registers.h"
#include "firmware/runner/image.h"

void bl_protect_memory(void) {
  const bl_image* image = &bl_image_description;
  const uint32_t available = BL_MPU_TYPE >> 8 & 0xFF; /* The builder keeps to 8; a chip has them. */
  BL_MPU_CTRL = 0;
  for (uint32_t i = 0; i < available; ++i) {
    BL_MPU_RNR = i;
    BL_MPU_RASR = 0;
    if (i >= image->region_count) continue;
    BL_MPU_RBAR = image->regions[i].base;
    BL_MPU_RASR = image->regions[i].attributes;
  }
  BL_MPU_CTRL = BL_MPU_CTRL_ENABLE;
  bl_barrier();
}
