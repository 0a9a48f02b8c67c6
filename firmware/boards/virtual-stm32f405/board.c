/* Virtual STM32F405: QEMU's netduinoplus2. It has no clock tree; cycles come from marks. */
#include "firmware/runner/board.h"

const uint32_t bl_board_has_caches = 0;
const uint32_t bl_board_systick_hz = 168000000u; /* As QEMU's machine counts. */

void bl_board_power_on(void) {}

void bl_board_init(void) {}
