/* STM32F405 at 168 MHz. Registers and limits: ST RM0090 (flash, PWR, RCC), DS8626. */
#include "firmware/runner/board.h"

#include "firmware/boards/stm32f4_f7_clock.h"

#define CLOCK_HZ 168000000u

const uint32_t bl_board_has_caches = 0; /* Those of the flash interface need no care. */
const uint32_t bl_board_systick_hz = CLOCK_HZ;

void bl_board_power_on(void) {}

void bl_board_init(void) {
  bl_keep_debug_in_sleep();
  bl_run_from_hsi();
  bl_set_voltage_scale(1);                     /* Scale 1 (one bit on this chip), above 144 MHz. */
  bl_start_pll(RCC_PLLCFGR_HSI(8u, 168u, 7u)); /* VCO: 2 MHz in, 336 MHz out. */
  /* Five wait states above 150 MHz at 2.7 to 3.6 V. */
  bl_set_flash(5u | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN);
  bl_switch_to_pll(RCC_PPRE_DIV4, RCC_PPRE_DIV2); /* APB1 at most 42 MHz, APB2 84 MHz. */
}
