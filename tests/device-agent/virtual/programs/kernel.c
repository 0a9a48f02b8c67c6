/* Repeats a kernel of integer work between two marks, and counts its runs in a mailbox.
 *
 * Compiled by gcc 12.2 for the Cortex-M4, `work` takes 1,393,235 instructions and, by the model of
 * the TRM, 2,212,520 cycles. */
#include <stdint.h>

struct mailbox {
  uint32_t magic;
  uint32_t runs;
  uint32_t checksum;
};
volatile struct mailbox mailbox __attribute__((section(".mailbox")));

enum { kSide = 64 };
static int8_t a[kSide * kSide], b[kSide * kSide];
static int32_t c[kSide * kSide];

/* Functions of their own, so that nothing moves across the marks. */
__attribute__((noinline)) void mark_begin(void) { __asm volatile(".inst.n 0xbf80" ::: "memory"); }
__attribute__((noinline)) void mark_lap(void) { __asm volatile(".inst.n 0xbf90" ::: "memory"); }

__attribute__((noinline)) uint32_t work(uint32_t seed) {
  for (int i = 0; i < kSide * kSide; i++) {
    seed = seed * 1664525u + 1013904223u;
    a[i] = (int8_t)(seed >> 24);
    b[i] = (int8_t)(seed >> 16);
  }
  for (int i = 0; i < kSide; i++) {
    for (int j = 0; j < kSide; j++) {
      int32_t sum = 0;
      for (int k = 0; k < kSide; k++) sum += a[i * kSide + k] * b[k * kSide + j];
      c[i * kSide + j] = sum;
    }
  }
  uint32_t hash = 2166136261u;
  for (int i = 0; i < kSide * kSide; i++) hash = (hash ^ (uint32_t)c[i]) * 16777619u;
  return hash;
}

void reset_handler(void) {
  mailbox.magic = 0x4b45524e;
  mailbox.runs = 0;
  for (;;) {
    mark_begin();
    const uint32_t checksum = work(12345);
    mark_lap();
    mailbox.checksum = checksum;
    mailbox.runs++;
  }
}

void fault_handler(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static void* const vectors[16] = {
    (void*)0x20020000, reset_handler, fault_handler, fault_handler,
    fault_handler,     fault_handler, fault_handler};
