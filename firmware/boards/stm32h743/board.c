/* STM32H743, revision V, at 480 MHz. Registers and limits: ST RM0433 (flash, PWR, RCC, SYSCFG),
 * DS12110. */
#include "firmware/runner/board.h"

#include "firmware/runner/core_registers.h"

#define CLOCK_HZ 480000000u

#define FLASH_ACR BL_REGISTER(0x52002000u)
#define FLASH_ACR_WRHIGHFREQ_SHIFT 4

#define PWR_CSR1 BL_REGISTER(0x58024804u)
#define PWR_CSR1_ACTVOSRDY (1u << 13)
#define PWR_CR3 BL_REGISTER(0x5802480Cu)
#define PWR_CR3_BYPASS (1u << 0)
#define PWR_CR3_LDOEN (1u << 1)
#define PWR_CR3_SCUEN (1u << 2)
#define PWR_D3CR BL_REGISTER(0x58024818u)
#define PWR_D3CR_VOSRDY (1u << 13)
#define PWR_D3CR_VOS_MASK (3u << 14)
#define PWR_D3CR_VOS1 (3u << 14)

#define SYSCFG_PWRCR BL_REGISTER(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN (1u << 0)

#define RCC_CR BL_REGISTER(0x58024400u)
#define RCC_CR_HSION (1u << 0)
#define RCC_CR_HSIRDY (1u << 2)
#define RCC_CR_HSIDIV_MASK (3u << 3)
#define RCC_CR_PLL1ON (1u << 24)
#define RCC_CR_PLL1RDY (1u << 25)
#define RCC_CFGR BL_REGISTER(0x58024410u)
#define RCC_CFGR_SW_MASK 0x7u
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL1 3u
#define RCC_CFGR_SWS_SHIFT 3
#define RCC_D1CFGR BL_REGISTER(0x58024418u)
#define RCC_D2CFGR BL_REGISTER(0x5802441Cu)
#define RCC_D3CFGR BL_REGISTER(0x58024420u)
#define RCC_PLLCKSELR BL_REGISTER(0x58024428u)
#define RCC_PLLCFGR BL_REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR BL_REGISTER(0x58024430u)
#define RCC_AHB2ENR BL_REGISTER(0x580244DCu)
#define RCC_AHB2ENR_SRAM123 (7u << 29)
#define RCC_APB4ENR BL_REGISTER(0x580244F4u)
#define RCC_APB4ENR_SYSCFGEN (1u << 1)

#define DBGMCU_CR BL_REGISTER(0x5C001004u)
#define DBGMCU_CR_DBGSLEEP_D1 (1u << 0)
#define DBGMCU_CR_D1DBGCKEN (1u << 21)
#define DBGMCU_CR_D3DBGCKEN (1u << 22)

const uint32_t bl_board_has_caches = 1;
const uint32_t bl_board_systick_hz = CLOCK_HZ;

static void wait_for(volatile uint32_t* reg, uint32_t mask, uint32_t value) {
  while ((*reg & mask) != value) {
  }
}

/* Also when a debugger restarts a program that has set up clocks: PLL and voltage may only change
 * while the internal oscillator (64 MHz) is in use. It is the source of the PLL too: every board
 * has it, and latency is cycles divided by the nominal clock. */
static void run_from_hsi(void) {
  RCC_CR = (RCC_CR | RCC_CR_HSION) & ~RCC_CR_HSIDIV_MASK;
  wait_for(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
  RCC_CFGR &= ~RCC_CFGR_SW_MASK;
  wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_SHIFT,
           RCC_CFGR_SW_HSI << RCC_CFGR_SWS_SHIFT);
  RCC_CR &= ~RCC_CR_PLL1ON;
  wait_for(&RCC_CR, RCC_CR_PLL1RDY, 0);
}

/* The core's supply comes from the LDO. Until that is settled, once after power-on, RAM must not be
 * written (RM0433, chapter PWR): so this has no stack, and waits in a loop of registers. */
void bl_board_power_on(void) {
  PWR_CR3 = (PWR_CR3 & ~PWR_CR3_BYPASS) | PWR_CR3_LDOEN | PWR_CR3_SCUEN;
  while ((PWR_CSR1 & PWR_CSR1_ACTVOSRDY) == 0) {
  }
}

/* Scale VOS0, above 400 MHz, is VOS1 with over-drive on (the same). */
static void set_voltage(void) {
  RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
  (void)RCC_APB4ENR;
  SYSCFG_PWRCR &= ~SYSCFG_PWRCR_ODEN;
  PWR_D3CR = (PWR_D3CR & ~PWR_D3CR_VOS_MASK) | PWR_D3CR_VOS1;
  wait_for(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);
  SYSCFG_PWRCR |= SYSCFG_PWRCR_ODEN;
  wait_for(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);
}

/* 64 MHz / 12 = 5.33 MHz into the wide-range VCO (to 960 MHz), x 180 = 960 MHz, / 2 = 480 MHz. */
static void start_pll(void) {
  RCC_PLLCKSELR = 12u << 4;         /* DIVM1; source HSI. */
  RCC_PLLCFGR = 2u << 2 | 1u << 16; /* PLL1RGE: 4 to 8 MHz in; wide VCO; output P. */
  RCC_PLL1DIVR = (180u - 1) | (2u - 1) << 9 | (8u - 1) << 16 | (8u - 1) << 24;
  RCC_CR |= RCC_CR_PLL1ON;
  wait_for(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY);
}

static void switch_to_pll(void) {
  /* Core 480 MHz, AXI and AHB 240 MHz, the four APB 120 MHz. */
  RCC_D1CFGR = 0u << 8 | 4u << 4 | 8u;
  RCC_D2CFGR = 4u << 8 | 4u << 4;
  RCC_D3CFGR = 4u << 4;
  /* Four wait states and programming delay 2 for an AXI clock of 225 to 240 MHz at VOS0. */
  const uint32_t acr = 2u << FLASH_ACR_WRHIGHFREQ_SHIFT | 4u;
  FLASH_ACR = acr;
  wait_for(&FLASH_ACR, 0xFu, acr & 0xFu);
  RCC_CFGR |= RCC_CFGR_SW_PLL1;
  wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_SHIFT,
           RCC_CFGR_SW_PLL1 << RCC_CFGR_SWS_SHIFT);
}

void bl_board_init(void) {
  /* The core may sleep between requests; the debug port must then still reach the memories. */
  DBGMCU_CR |= DBGMCU_CR_DBGSLEEP_D1 | DBGMCU_CR_D1DBGCKEN | DBGMCU_CR_D3DBGCKEN;
  run_from_hsi();
  set_voltage();
  start_pll();
  switch_to_pll();
  RCC_AHB2ENR |= RCC_AHB2ENR_SRAM123; /* SRAM1, 2 and 3 have no clock after reset. */
  (void)RCC_AHB2ENR;
}
