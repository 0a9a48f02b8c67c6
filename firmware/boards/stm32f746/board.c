/* STM32F746 at 216 MHz. Registers and limits: ST RM0385 (flash, PWR, RCC), DS10916. */
#include "firmware/runner/board.h"

#include "firmware/boards/stm32f4_f7_clock.h"

#define CLOCK_HZ 216000000u

#define PWR_CR1_ODEN (1u << 16)
#define PWR_CR1_ODSWEN (1u << 17)
#define PWR_CSR1_ODRDY (1u << 16)
#define PWR_CSR1_ODSWRDY (1u << 17)

const uint32_t bl_board_has_caches = 1;
const uint32_t bl_board_systick_hz = CLOCK_HZ;

/* Over-drive, above 180 MHz: switched on while the PLL runs but does not clock the system yet
 * (RM0385, chapter PWR). */
static void enable_overdrive(void) {
  PWR_CR |= PWR_CR1_ODEN;
  bl_wait_for(&PWR_CSR, PWR_CSR1_ODRDY);
  PWR_CR |= PWR_CR1_ODSWEN;
  bl_wait_for(&PWR_CSR, PWR_CSR1_ODSWRDY);
}

void bl_board_power_on(void) {}

void bl_board_init(void) {
  bl_keep_debug_in_sleep();
  bl_run_from_hsi();
  /* Over-drive of an earlier program is left by clearing both bits, again on the oscillator. */
  RCC_APB1ENR |= RCC_APB1ENR_PWREN;
  (void)RCC_APB1ENR;
  PWR_CR &= ~(PWR_CR1_ODEN | PWR_CR1_ODSWEN);
  bl_set_voltage_scale(3);                     /* Scale 1. */
  bl_start_pll(RCC_PLLCFGR_HSI(8u, 216u, 9u)); /* VCO: 2 MHz in, 432 MHz out. */
  enable_overdrive();
  /* Seven wait states above 210 MHz at 2.7 to 3.6 V. Code is fetched over AXI through the
   * core's caches; the accelerator serves the ITCM bus. */
  bl_set_flash(7u | FLASH_ACR_PRFTEN | FLASH_ACR_ARTEN);
  bl_switch_to_pll(RCC_PPRE_DIV4, RCC_PPRE_DIV2); /* APB1 at most 54 MHz, APB2 108 MHz. */
}
