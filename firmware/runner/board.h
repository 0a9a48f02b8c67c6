/* What firmware/boards/<name>/board.c provides. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_BOARD_H_
#define BOARDLOOP_FIRMWARE_RUNNER_BOARD_H_

#include <stdint.h>

/* What must happen before RAM is written: runs first, without a stack, so that it may not call
 * anything nor keep more than a few words. */
void bl_board_power_on(void);

/* Sets up clocks, flash wait states and the memories' clocks. Runs before .data and .bss are
 * initialized, so it must not use either, and before the MPU is on: nothing later touches a
 * peripheral of the chip. */
void bl_board_init(void);

/* Caches are invalidated and switched on when the MPU is. */
extern const uint32_t bl_board_has_caches;

/* The clock that SysTick counts. Not the board's nominal clock on a virtual one. */
extern const uint32_t bl_board_systick_hz;

#endif /* BOARDLOOP_FIRMWARE_RUNNER_BOARD_H_ */
