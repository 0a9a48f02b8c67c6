/* Runs a network on a Cortex-M under QEMU, with files by semihosting: reads inputs.bin, one image
 * after the other, and writes their outputs to outputs.bin. NETWORK is the network's address; with
 * RESIDENT, table.bin and blob.bin are first read to where the call table expects them. The exit
 * code is 0, or 1 after a fault. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "firmware/engine/engine.h"

#define FENCE 0x20300000u /* Where the arena ends and access is denied. */
#define IMAGE 0x21000000u /* The current input. */

static int32_t semihost(int32_t operation, const void* argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

_Noreturn static void leave(uint32_t exit_code) {
  const uint32_t arguments[] = {0x20026, exit_code}; /* ADP_Stopped_ApplicationExit */
  semihost(0x20, arguments);
  for (;;) {
  }
}

/* Prints where it happened; `stacked` is the exception frame. */
void report_fault(const uint32_t* stacked) {
  char text[] = "fault at pc 0x00000000\n";
  for (uint32_t i = 0; i < 8; ++i) {
    text[14 + i] = "0123456789abcdef"[(stacked[6] >> (28 - 4 * i)) & 15];
  }
  semihost(0x04, text);
  leave(1);
}

__attribute__((naked)) void fault_handler(void) {
  __asm__ volatile("mrs r0, msp\n b report_fault");
}

static int32_t open_file(const char* name, uint32_t mode) {
  const uint32_t arguments[] = {(uint32_t)name, mode, (uint32_t)strlen(name)};
  return semihost(0x01, arguments);
}

/* Bytes that were not read. */
static int32_t read_file(int32_t file, void* destination, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)file, (uint32_t)destination, bytes};
  return semihost(0x06, arguments);
}

static void write_file(int32_t file, const void* source, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)file, (uint32_t)source, bytes};
  semihost(0x05, arguments);
}

static void read_input(void* context, int32_t row, int32_t column, int32_t rows, int32_t columns,
                       int8_t* destination) {
  const bl_network* network = context;
  const int32_t channels = network->input_channels;
  for (int32_t y = row; y < row + rows; ++y) {
    const int8_t* from = (const int8_t*)IMAGE + (y * network->input_width + column) * channels;
    memcpy(destination, from, (size_t)(columns * channels));
    destination += columns * channels;
  }
}

static volatile uint32_t* word_at(uint32_t address) { return (volatile uint32_t*)address; }

static void deny_access_behind_arena(void) {
  *word_at(0xe000ed98) = 0; /* MPU region 0 */
  *word_at(0xe000ed9c) = FENCE;
  *word_at(0xe000eda0) = (1u << 28) | (19u << 1) | 1u; /* XN, no access, 1 MB */
  *word_at(0xe000ed94) = 5;                            /* On, default map for the rest */
  __asm__ volatile("dsb\n isb");
}

#ifdef RESIDENT
static void load(const char* name, uint32_t address) {
  read_file(open_file(name, 1 /* rb */), (void*)address, 0x400000);
}
extern const void* const kept[];
const void* volatile keep;
#else
extern const bl_network bl_model;
#endif

int main(void) {
  deny_access_behind_arena();
#ifdef RESIDENT
  keep = kept;
  load("table.bin", TABLE);
  load("blob.bin", BLOB);
#endif
  const bl_network* network = NETWORK;
  const bl_hooks hooks = {read_input, (void*)network, NULL};
  const uint32_t bytes =
      (uint32_t)(network->input_height * network->input_width * network->input_channels);
  const int32_t inputs = open_file("inputs.bin", 1 /* rb */);
  const int32_t outputs = open_file("outputs.bin", 5 /* wb */);
  while (read_file(inputs, (void*)IMAGE, bytes) == 0) {
    if (network->input != NULL) memcpy(network->input, (const void*)IMAGE, bytes);
    network->run(network, &hooks);
    write_file(outputs, network->output, (uint32_t)network->output_bytes);
  }
  leave(0);
}

void reset_handler(void) {
  *word_at(0xe000ed88) = 0xf << 20; /* The FPU. */
  main();
}

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    stack_top,     reset_handler, fault_handler, fault_handler,
    fault_handler, fault_handler, fault_handler};
