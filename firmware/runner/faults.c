#include "firmware/runner/faults.h"

#include <stdbool.h>

#include "firmware/runner/assert.h"
#include "firmware/runner/core_registers.h"
#include "firmware/runner/image.h"
#include "firmware/runner/mailbox_access.h"
#include "firmware/runner/run.h"
#include "firmware/runner/stack.h"

/* What the core pushes on entry, without floating-point registers (startup.c). */
typedef struct {
  uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
} exception_frame;

#define EXC_RETURN_PROCESS_STACK (1u << 2)

/* Accesses this far below the stack count as its overflow: a push, or a local array. Wild pointers
 * rarely fall there. */
#define BELOW_STACK_BYTES 4096u

__attribute__((noreturn)) static void sleep_forever(void) {
  BL_SYST_CSR = 0;
  while (true) __asm volatile("wfi");
}

__attribute__((noreturn)) static void publish(uint32_t fault) {
  bl_the_mailbox.magic = BL_MAILBOX_MAGIC; /* The fault may have come before they were set. */
  bl_the_mailbox.version = BL_MAILBOX_VERSION;
  bl_the_mailbox.bytes = sizeof(bl_mailbox);
  bl_the_mailbox.fault = fault;
  bl_the_mailbox.fault_step = bl_running_step();
  bl_the_mailbox.stack_used = bl_stack_used();
  bl_the_mailbox.result_sequence = bl_the_mailbox.request_sequence;
  bl_mailbox_publish(BL_STATE_FAULTED);
  sleep_forever();
}

static bool below_stack(uint32_t address) {
  return address < (uint32_t)bl_stack_begin &&
         address >= (uint32_t)bl_stack_begin - BELOW_STACK_BYTES;
}

static uint32_t classify(uint32_t cfsr, uint32_t sp, bool process_stack) {
  const bool frame_lost = (cfsr & (BL_CFSR_MSTKERR | BL_CFSR_STKERR)) != 0;
  if (process_stack && (frame_lost || sp < (uint32_t)bl_stack_begin)) {
    return BL_FAULT_STACK_OVERFLOW;
  }
  if ((cfsr & BL_CFSR_MMARVALID) != 0 && below_stack(BL_SCB_MMFAR)) return BL_FAULT_STACK_OVERFLOW;
  if ((cfsr & BL_CFSR_MEMORY) != 0) return BL_FAULT_MEMORY;
  if ((cfsr & BL_CFSR_BUS) != 0) return BL_FAULT_BUS;
  if ((cfsr & BL_CFSR_USAGE) != 0) return BL_FAULT_USAGE;
  return BL_FAULT_HARD;
}

/* The frame was written completely, so that it can be read. */
static bool frame_is_valid(uint32_t cfsr, uint32_t sp, bool process_stack) {
  if ((cfsr & (BL_CFSR_MSTKERR | BL_CFSR_STKERR)) != 0) return false;
  if (!process_stack) return true;
  return sp >= (uint32_t)bl_stack_begin &&
         sp <= (uint32_t)bl_stack_end - (uint32_t)sizeof(exception_frame);
}

/* Called by bl_fault_handler; runs on the handlers' stack. */
__attribute__((noreturn, used)) static void record_fault(uint32_t sp, uint32_t exc_return) {
  const bool process_stack = (exc_return & EXC_RETURN_PROCESS_STACK) != 0;
  const uint32_t cfsr = BL_SCB_CFSR;
  bl_the_mailbox.fault_cfsr = cfsr;
  bl_the_mailbox.fault_hfsr = BL_SCB_HFSR;
  bl_the_mailbox.fault_mmfar = (cfsr & BL_CFSR_MMARVALID) != 0 ? BL_SCB_MMFAR : 0;
  bl_the_mailbox.fault_bfar = (cfsr & BL_CFSR_BFARVALID) != 0 ? BL_SCB_BFAR : 0;
  bl_the_mailbox.fault_sp = sp;
  if (frame_is_valid(cfsr, sp, process_stack)) {
    const exception_frame* frame = (const exception_frame*)sp;
    bl_the_mailbox.fault_pc = frame->pc;
    bl_the_mailbox.fault_lr = frame->lr;
    bl_the_mailbox.fault_psr = frame->psr;
    bl_the_mailbox.fault_sp = sp + (uint32_t)sizeof(exception_frame);
  }
  publish(classify(cfsr, sp, process_stack));
}

__attribute__((naked)) void bl_fault_handler(void) {
  __asm volatile(
      "mov   r1, lr\n\t"
      "tst   lr, #4\n\t" /* EXC_RETURN_PROCESS_STACK */
      "ite   eq\n\t"
      "mrseq r0, msp\n\t"
      "mrsne r0, psp\n\t"
      "b     record_fault\n\t");
}

void bl_enable_faults(void) {
  BL_SCB_CCR |= BL_CCR_DIV_0_TRP;
  BL_SCB_SHCSR |= BL_SHCSR_MEMFAULTENA | BL_SHCSR_BUSFAULTENA | BL_SHCSR_USGFAULTENA;
  bl_barrier();
}

void bl_assert_failed(uint32_t line) {
  __asm volatile("cpsid i" ::: "memory");
  bl_the_mailbox.fault_line = line;
  bl_the_mailbox.fault_pc = (uint32_t)__builtin_return_address(0);
  bl_the_mailbox.fault_sp = (uint32_t)__builtin_frame_address(0);
  publish(BL_FAULT_ASSERT);
}
