/* Registers of power, clocks and flash that STM32F4 and STM32F7 share: ST RM0090 (F405), RM0402
 * (F412), RM0385 (F746), chapters PWR, RCC and FLASH. */
#ifndef BOARDLOOP_FIRMWARE_BOARDS_STM32F4_F7_CLOCK_H_
#define BOARDLOOP_FIRMWARE_BOARDS_STM32F4_F7_CLOCK_H_

#include <stdint.h>

#include "firmware/runner/core_registers.h"

#define FLASH_ACR BL_REGISTER(0x40023C00u)
#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN (1u << 8)
#define FLASH_ACR_ICEN (1u << 9)   /* F4: instruction cache. */
#define FLASH_ACR_DCEN (1u << 10)  /* F4: data cache. */
#define FLASH_ACR_ICRST (1u << 11) /* F4 */
#define FLASH_ACR_DCRST (1u << 12) /* F4 */
#define FLASH_ACR_ARTEN (1u << 9)  /* F7: accelerator of the ITCM bus. */

#define PWR_CR BL_REGISTER(0x40007000u)  /* F7: PWR_CR1. */
#define PWR_CSR BL_REGISTER(0x40007004u) /* F7: PWR_CSR1. */
#define PWR_CR_VOS_SHIFT 14

#define RCC_CR BL_REGISTER(0x40023800u)
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 1)
#define RCC_CR_PLLON (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)
#define RCC_PLLCFGR BL_REGISTER(0x40023804u)
#define RCC_CFGR BL_REGISTER(0x40023808u)
#define RCC_CFGR_SW_MASK 0x3u
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_SHIFT 2
#define RCC_CFGR_PPRE1_SHIFT 10
#define RCC_CFGR_PPRE2_SHIFT 13
#define RCC_PPRE_DIV1 0u
#define RCC_PPRE_DIV2 4u
#define RCC_PPRE_DIV4 5u
#define RCC_APB1ENR BL_REGISTER(0x40023840u)
#define RCC_APB1ENR_PWREN (1u << 28)

#define DBGMCU_CR BL_REGISTER(0xE0042004u)
#define DBGMCU_CR_DBG_SLEEP (1u << 0)

/* PLL from the internal 16 MHz oscillator: 16 MHz / m * n / 2. The other outputs are unused, but
 * their dividers must be valid (Q at least 2, R of the F412 at least 2). */
#define RCC_PLLCFGR_HSI(m, n, q) ((m) | (n) << 6 | (q) << 24 | 2u << 28)

static inline void bl_wait_for(volatile uint32_t* reg, uint32_t bits) {
  while ((*reg & bits) != bits) {
  }
}

/* The steps that all of them share. The internal oscillator is the source: every board has it, and
 * latency is cycles divided by the nominal clock, so that its 1 % does not matter. */

/* The core may sleep between requests; the debug port must then still reach the memories. */
static inline void bl_keep_debug_in_sleep(void) { DBGMCU_CR |= DBGMCU_CR_DBG_SLEEP; }

/* Back to the internal oscillator, also when a debugger restarts a program that has set up clocks:
 * PLL and voltage scale may only change then. */
static inline void bl_run_from_hsi(void) {
  RCC_CR |= RCC_CR_HSION;
  bl_wait_for(&RCC_CR, RCC_CR_HSIRDY);
  RCC_CFGR &= ~RCC_CFGR_SW_MASK;
  while ((RCC_CFGR >> RCC_CFGR_SWS_SHIFT & RCC_CFGR_SW_MASK) != RCC_CFGR_SW_HSI) {
  }
  RCC_CR &= ~RCC_CR_PLLON;
  while ((RCC_CR & RCC_CR_PLLRDY) != 0) {
  }
}

static inline void bl_set_voltage_scale(uint32_t vos) {
  RCC_APB1ENR |= RCC_APB1ENR_PWREN;
  (void)RCC_APB1ENR; /* The clock is on two cycles later (ST errata sheets, RCC). */
  PWR_CR = (PWR_CR & ~(3u << PWR_CR_VOS_SHIFT)) | vos << PWR_CR_VOS_SHIFT;
}

static inline void bl_start_pll(uint32_t pllcfgr) {
  RCC_PLLCFGR = pllcfgr;
  RCC_CR |= RCC_CR_PLLON;
  bl_wait_for(&RCC_CR, RCC_CR_PLLRDY);
}

static inline void bl_set_flash(uint32_t acr) {
  FLASH_ACR = acr;
  while ((FLASH_ACR & FLASH_ACR_LATENCY_MASK) != (acr & FLASH_ACR_LATENCY_MASK)) {
  }
}

static inline void bl_switch_to_pll(uint32_t ppre1, uint32_t ppre2) {
  RCC_CFGR = ppre1 << RCC_CFGR_PPRE1_SHIFT | ppre2 << RCC_CFGR_PPRE2_SHIFT;
  RCC_CFGR |= RCC_CFGR_SW_PLL;
  while ((RCC_CFGR >> RCC_CFGR_SWS_SHIFT & RCC_CFGR_SW_MASK) != RCC_CFGR_SW_PLL) {
  }
}

#endif /* BOARDLOOP_FIRMWARE_BOARDS_STM32F4_F7_CLOCK_H_ */
