/* Kernels that do what kernels must not, to test the runners. */
#include "firmware/engine/engine.h"

/* All write their output as bl_copy_s8 would. */
static void copy(const bl_geometry* g) {
  const int32_t bytes = g->input_height * g->input_width * g->input_channels;
  for (int32_t i = 0; i < bytes; ++i) g->output[i] = g->input[i];
}

void bl_test_good(const void* params) { copy(params); }

void bl_test_writes_beside(const void* params) {
  const bl_geometry* g = params;
  copy(g);
  ++g->output[-1];
}

/* Reads on and on: at the latest, the end of memory stops it. */
void bl_test_reads_past_the_end(const void* params) {
  const bl_geometry* g = params;
  copy(g);
  const volatile int8_t* in = g->input;
  for (int32_t i = 0; i < 1 << 16; ++i) (void)in[i];
}

void bl_test_hangs(const void* params) {
  copy(params);
  for (;;) {
    __asm__ volatile("");
  }
}
