/* From reset to the runner: the same on every board. */
#include <stddef.h>
#include <stdint.h>

#include "firmware/runner/board.h"
#include "firmware/runner/cache.h"
#include "firmware/runner/core_registers.h"
#include "firmware/runner/faults.h"
#include "firmware/runner/image.h"
#include "firmware/runner/memory_protection.h"
#include "firmware/runner/request_loop.h"
#include "firmware/runner/stack.h"

/* record_fault() and what it calls use about 120 bytes, two nested exceptions 64. */
#define HANDLER_STACK_WORDS 64

static uint64_t handler_stack[HANDLER_STACK_WORDS / 2];

typedef void (*vector)(void);

/* SysTick only ends the sleep of the request loop. */
static void return_at_once(void) {}

/* Copies and clears by hand: the C library's functions may use what is not set up yet. */
static void initialize_memory(void) {
  const volatile uint32_t* from = bl_data_load;
  for (volatile uint32_t* to = bl_data_begin; to < bl_data_end; ++to) *to = *from++;
  for (volatile uint32_t* to = bl_bss_begin; to < bl_bss_end; ++to) *to = 0;
}

/* Floating-point registers are not stacked on exceptions: no handler uses them, and frames have one
 * size. */
static void enable_fpu(void) {
  BL_SCB_FPCCR &= ~(BL_FPCCR_ASPEN | BL_FPCCR_LSPEN);
  BL_SCB_CPACR |= BL_CPACR_FPU;
  bl_barrier();
}

extern const vector bl_vectors[];

__attribute__((noreturn, used)) static void start(void) {
  BL_SCB_VTOR = (uint32_t)bl_vectors;
  enable_fpu();
  bl_board_init();
  initialize_memory();
  bl_enable_faults();
  bl_protect_memory();
  if (bl_board_has_caches) bl_cache_enable();
  bl_serve_requests();
}

/* Paints the stack and continues on it; handlers keep the main stack. */
__attribute__((naked, noreturn)) static void reset(void) {
  __asm volatile(
      "bl   bl_board_power_on\n\t"
      "ldr  r0, =bl_stack_begin\n\t"
      "ldr  r1, =bl_stack_end\n\t"
      "ldr  r2, =%c0\n"
      "1:\n\t"
      "str  r2, [r0], #4\n\t"
      "cmp  r0, r1\n\t"
      "blo  1b\n\t"
      "msr  psp, r1\n\t"
      "movs r0, #2\n\t" /* CONTROL.SPSEL: thread mode uses the process stack. */
      "msr  control, r0\n\t"
      "isb\n\t"
      "b    start\n\t"
      ".ltorg\n\t" ::"i"(BL_STACK_PAINT));
}

/* No interrupt of the chip is ever enabled, so the table ends with the core's own exceptions. */
__attribute__((section(".bl_vectors"), used)) const vector bl_vectors[16] = {
    (vector)(handler_stack + HANDLER_STACK_WORDS / 2),
    reset,
    bl_fault_handler, /* NMI */
    bl_fault_handler, /* HardFault */
    bl_fault_handler, /* MemManage */
    bl_fault_handler, /* BusFault */
    bl_fault_handler, /* UsageFault */
    bl_fault_handler,
    bl_fault_handler,
    bl_fault_handler,
    bl_fault_handler,
    bl_fault_handler, /* SVCall */
    bl_fault_handler, /* Debug monitor */
    bl_fault_handler,
    bl_fault_handler, /* PendSV */
    return_at_once,   /* SysTick */
};
