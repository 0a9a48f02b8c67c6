/* STM32F412 at 100 MHz. Registers and limits: ST RM0402 (flash, PWR, RCC), DS11139. */
#include "firmware/runner/board.h"

#include "firmware/boards/stm32f4_f7_clock.h"

#define CLOCK_HZ 100000000u

const uint32_t bl_board_has_caches = 0; /* Those of the flash interface need no care. */
const uint32_t bl_board_systick_hz = CLOCK_HZ;

void bl_board_power_on(void) {}

void bl_board_init(void) {
  bl_keep_debug_in_sleep();
  bl_run_from_hsi();
  bl_set_voltage_scale(3);                     /* Scale 1, above 84 MHz. */
  bl_start_pll(RCC_PLLCFGR_HSI(8u, 100u, 5u)); /* VCO: 2 MHz in, 200 MHz out. */
  /* Three wait states above 90 MHz at 2.7 to 3.6 V. */
  bl_set_flash(3u | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN);
  bl_switch_to_pll(RCC_PPRE_DIV2, RCC_PPRE_DIV1); /* APB1 at most 50 MHz, APB2 100 MHz. */
}
