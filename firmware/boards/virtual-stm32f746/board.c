/* Virtual STM32F746: QEMU's mps2-an500, a Cortex-M7. It has no clocks; cycles come from marks. */
#include "firmware/runner/board.h"

const uint32_t bl_board_has_caches = 0;
const uint32_t bl_board_systick_hz = 25000000u; /* As QEMU's machine counts. */

void bl_board_power_on(void) {}

void bl_board_init(void) {}
