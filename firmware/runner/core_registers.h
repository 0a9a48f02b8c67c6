/* The registers of an ARMv7-M core that the runner uses: names and bits of the ARMv7-M Architecture
 * Reference Manual (DDI 0403), chapters B3 and C1. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_CORE_REGISTERS_H_
#define BOARDLOOP_FIRMWARE_RUNNER_CORE_REGISTERS_H_

#include <stdint.h>

#define BL_REGISTER(address) (*(volatile uint32_t*)(address))

/* SysTick. */
#define BL_SYST_CSR BL_REGISTER(0xE000E010u)
#define BL_SYST_RVR BL_REGISTER(0xE000E014u)
#define BL_SYST_CVR BL_REGISTER(0xE000E018u)
#define BL_SYST_ENABLE (1u << 0)
#define BL_SYST_TICKINT (1u << 1)
#define BL_SYST_CORE_CLOCK (1u << 2)

/* System control block. */
#define BL_SCB_ICSR BL_REGISTER(0xE000ED04u)
#define BL_SCB_VTOR BL_REGISTER(0xE000ED08u)
#define BL_SCB_CCR BL_REGISTER(0xE000ED14u)
#define BL_SCB_SHCSR BL_REGISTER(0xE000ED24u)
#define BL_SCB_CFSR BL_REGISTER(0xE000ED28u)
#define BL_SCB_HFSR BL_REGISTER(0xE000ED2Cu)
#define BL_SCB_MMFAR BL_REGISTER(0xE000ED34u)
#define BL_SCB_BFAR BL_REGISTER(0xE000ED38u)
#define BL_SCB_CPACR BL_REGISTER(0xE000ED88u)
#define BL_SCB_FPCCR BL_REGISTER(0xE000EF34u)

#define BL_ICSR_PENDSTCLR (1u << 25)
#define BL_CCR_DIV_0_TRP (1u << 4)
#define BL_CCR_DC (1u << 16)
#define BL_CCR_IC (1u << 17)
#define BL_SHCSR_MEMFAULTENA (1u << 16)
#define BL_SHCSR_BUSFAULTENA (1u << 17)
#define BL_SHCSR_USGFAULTENA (1u << 18)
#define BL_CPACR_FPU (0xFu << 20)
#define BL_FPCCR_ASPEN (1u << 31)
#define BL_FPCCR_LSPEN (1u << 30)

#define BL_CFSR_MSTKERR (1u << 4)
#define BL_CFSR_MMARVALID (1u << 7)
#define BL_CFSR_MEMORY 0x000000FFu
#define BL_CFSR_STKERR (1u << 12)
#define BL_CFSR_BFARVALID (1u << 15)
#define BL_CFSR_BUS 0x0000FF00u
#define BL_CFSR_USAGE 0xFFFF0000u

/* Memory protection unit. */
#define BL_MPU_TYPE BL_REGISTER(0xE000ED90u)
#define BL_MPU_CTRL BL_REGISTER(0xE000ED94u)
#define BL_MPU_RNR BL_REGISTER(0xE000ED98u)
#define BL_MPU_RBAR BL_REGISTER(0xE000ED9Cu)
#define BL_MPU_RASR BL_REGISTER(0xE000EDA0u)
#define BL_MPU_CTRL_ENABLE (1u << 0)

/* Caches (Cortex-M7). */
#define BL_CCSIDR BL_REGISTER(0xE000ED80u)
#define BL_CSSELR BL_REGISTER(0xE000ED84u)
#define BL_ICIALLU BL_REGISTER(0xE000EF50u)
#define BL_DCISW BL_REGISTER(0xE000EF60u)
#define BL_DCCISW BL_REGISTER(0xE000EF74u)

/* Debug and trace. */
#define BL_DEMCR BL_REGISTER(0xE000EDFCu)
#define BL_DEMCR_TRCENA (1u << 24)
#define BL_DWT_CTRL BL_REGISTER(0xE0001000u)
#define BL_DWT_CYCCNT BL_REGISTER(0xE0001004u)
#define BL_DWT_LAR BL_REGISTER(0xE0001FB0u)
#define BL_DWT_CYCCNTENA (1u << 0)
#define BL_LAR_KEY 0xC5ACCE55u /* Cortex-M7 locks its DWT until this is written. */

static inline void bl_barrier(void) { __asm volatile("dsb\n\tisb" ::: "memory"); }

#endif /* BOARDLOOP_FIRMWARE_RUNNER_CORE_REGISTERS_H_ */
