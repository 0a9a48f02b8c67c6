/* Runs kernel cases on a Cortex-M under QEMU: reads cases.bin through semihosting, executes the
 * calls of each run on a block of memory, and prints what differs.
 *
 *   W <run> <offset> <found> <wanted>   a wrong byte, the first of the run
 *   F <run> <pc>                        a fault; the program ends
 *   T <run>                             no end in time; the program ends
 *   D <runs>                            all runs were executed
 *
 * The block ends where an MPU region denies access. cases.bin is words, little-endian. First
 * the number of ticks of 0.67 s after which a run hangs; then for each run:
 *   magic, calls, memory bytes, scratch begin, scratch end
 *   for each call: index into bl_case_kernels, words, data bytes; then kind and value of each word;
 *                  then the data, filled up to a word
 *   memory before, memory after (multiples of 4 bytes)
 * and a zero word at the end. Kinds of words are those of ParamWord (kernel_run.h). */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "firmware/engine/engine.h"

extern const bl_kernel bl_case_kernels[]; /* Generated: the kernels of the catalog. */

#define RUN_MAGIC 0x4b524e31u
#define MAX_CALLS 16
#define MAX_WORDS (BL_MAX_PARAMS_BYTES / 4)
#define FENCE 0x20300000u /* Where the block of memory ends and access is denied. */
#define MAX_MEMORY_BYTES 0x100000u
#define MAX_DATA_BYTES 0x80000u

/* ---- Semihosting. */

static int32_t semihost(int32_t operation, const void* argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void print(const char* text) { semihost(0x04, text); }

_Noreturn static void leave(void) {
  semihost(0x18, (const void*)0x20026); /* ADP_Stopped_ApplicationExit */
  for (;;) {
  }
}

static int32_t cases_file;

static void read_bytes(void* destination, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)cases_file, (uint32_t)destination, bytes};
  if (bytes > 0 && semihost(0x06, arguments) != 0) {
    print("E cases.bin ends early\n");
    leave();
  }
}

static uint32_t read_word(void) {
  uint32_t word;
  read_bytes(&word, sizeof(word));
  return word;
}

static void print_number(uint32_t value) {
  char text[12];
  char* c = text + sizeof(text) - 1;
  *c = 0;
  do {
    *--c = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  print(c);
}

static void report(const char* what, const uint32_t* values, uint32_t count) {
  print(what);
  for (uint32_t i = 0; i < count; ++i) {
    print(" ");
    print_number(values[i]);
  }
  print("\n");
}

/* ---- Faults and hangs. */

static volatile uint32_t current_run;
static volatile uint32_t ticks, tick_limit;

void report_fault(const uint32_t* stacked) {
  const uint32_t values[] = {current_run, stacked[6]};
  report("F", values, 2);
  leave();
}

__attribute__((naked)) void fault_handler(void) {
  __asm__ volatile("mrs r0, msp\n b report_fault");
}

void tick_handler(void) {
  if (++ticks <= tick_limit) return;
  const uint32_t run = current_run;
  report("T", &run, 1);
  leave();
}

static volatile uint32_t* word_at(uint32_t address) { return (volatile uint32_t*)address; }

static void start_watchdog(void) {
  *word_at(0xe000e014) = 0xffffff; /* SysTick: reload, 0.67 s at 25 MHz */
  *word_at(0xe000e018) = 0;
  *word_at(0xe000e010) = 7;
}

static void deny_access_behind_memory(void) {
  *word_at(0xe000ed98) = 0; /* MPU region 0 */
  *word_at(0xe000ed9c) = FENCE;
  *word_at(0xe000eda0) = (1u << 28) | (19u << 1) | 1u; /* XN, no access, 1 MB */
  *word_at(0xe000ed94) = 5;                            /* On, default map for the rest */
  __asm__ volatile("dsb\n isb");
}

/* ---- Runs. */

typedef struct {
  uint32_t kernel, words, data_bytes;
  uint32_t params[MAX_WORDS];
  const uint8_t* data;
} call;

static call calls[MAX_CALLS];
static uint8_t call_data[MAX_DATA_BYTES] __attribute__((aligned(8)));
static uint8_t expected[MAX_MEMORY_BYTES] __attribute__((aligned(4), section(".expected")));

static void read_call(call* c, uint32_t memory, uint8_t** free_data) {
  c->kernel = read_word();
  c->words = read_word();
  c->data_bytes = read_word();
  c->data = *free_data;
  for (uint32_t i = 0; i < c->words; ++i) {
    const uint32_t kind = read_word();
    c->params[i] = read_word();
    if (kind == 1) c->params[i] += memory;
    if (kind == 2) c->params[i] += (uint32_t)c->data;
  }
  read_bytes(*free_data, (c->data_bytes + 3) / 4 * 4);
  *free_data += (c->data_bytes + 3) / 4 * 4;
}

static void compare(const uint8_t* memory, uint32_t bytes, uint32_t scratch_begin,
                    uint32_t scratch_end) {
  for (uint32_t i = 0; i < bytes; ++i) {
    if (memory[i] == expected[i] || (i >= scratch_begin && i < scratch_end)) continue;
    const uint32_t values[] = {current_run, i, memory[i], expected[i]};
    report("W", values, 4);
    return;
  }
}

static void run_case(void) {
  const uint32_t count = read_word();
  const uint32_t bytes = read_word();
  const uint32_t scratch_begin = read_word();
  const uint32_t scratch_end = read_word();
  uint8_t* memory = (uint8_t*)(FENCE - bytes);
  uint8_t* free_data = call_data;
  for (uint32_t i = 0; i < count; ++i) read_call(&calls[i], (uint32_t)memory, &free_data);
  read_bytes(memory, bytes);
  read_bytes(expected, bytes);
  ticks = 0;
  for (uint32_t i = 0; i < count; ++i) bl_case_kernels[calls[i].kernel](calls[i].params);
  compare(memory, bytes, scratch_begin, scratch_end);
}

int main(void) {
  static const char name[] = "cases.bin";
  const uint32_t arguments[] = {(uint32_t)name, 1 /* rb */, sizeof(name) - 1};
  cases_file = semihost(0x01, arguments);
  tick_limit = read_word();
  deny_access_behind_memory();
  start_watchdog();
  while (read_word() == RUN_MAGIC) {
    run_case();
    ++current_run;
  }
  const uint32_t runs = current_run;
  report("D", &runs, 1);
  leave();
}

void reset_handler(void) {
  *word_at(0xe000ed88) = 0xf << 20; /* The FPU, for compilers that use it. */
  extern uint32_t bss_begin[], bss_end[];
  memset(bss_begin, 0, (size_t)((uint8_t*)bss_end - (uint8_t*)bss_begin));
  main();
}

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    stack_top,     reset_handler, fault_handler, fault_handler, fault_handler, fault_handler,
    fault_handler, NULL,          NULL,          NULL,          NULL,          fault_handler,
    fault_handler, NULL,          fault_handler, tick_handler};
