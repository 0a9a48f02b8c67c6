#include "firmware/engine/kernels.h"
#include "firmware/engine/requantize.h"

/* ADD and MUL differ in the function of two values; everything else is here once. Outputs are
 * written in raster order, each behind the reads of its operands: in place of an operand, also
 * where the output is compact at the start of a buffer whose view is a window further on. */
typedef int8_t (*pair_function)(const void* terms, int32_t a, int32_t b);

static inline int8_t add_one(const void* terms, int32_t a, int32_t b) {
  return bl_add_one(terms, a, b);
}

static inline int8_t multiply_one(const void* terms, int32_t a, int32_t b) {
  const bl_mul_terms* t = terms;
  const int32_t product = (a - t->zero_point_a) * (b - t->zero_point_b);
  const int32_t scaled = bl_multiply(product, t->mantissa, t->shift);
  return bl_clamp(bl_wrapping_add(scaled, t->zero_point_output), t->minimum, t->maximum);
}

static inline void combine(const bl_geometry* g, const void* terms, pair_function function) {
  const int32_t row_bytes = g->output_width * g->output_channels;
  for (int32_t y = 0; y < g->output_height; ++y) {
    const int8_t* a = g->input + y * g->input_pitch;
    const int8_t* b = g->second + y * g->second_pitch;
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t i = 0; i < row_bytes; ++i) out[i] = function(terms, a[i], b[i]);
  }
}

static inline void broadcast(const bl_geometry* g, const int8_t* second, const bl_strides* strides,
                             const void* terms, pair_function function) {
  for (int32_t y = 0; y < g->output_height; ++y) {
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t x = 0; x < g->output_width; ++x) {
      const int8_t* a = g->input + y * strides->input_row + x * strides->input_column;
      const int8_t* b = second + y * strides->second_row + x * strides->second_column;
      for (int32_t c = 0; c < g->output_channels; ++c) {
        *out++ = function(terms, *a, *b);
        a += strides->input_channel;
        b += strides->second_channel;
      }
    }
  }
}

void bl_add_s8(const void* params) {
  const bl_add_params* p = params;
  combine(&p->geometry, p->terms, add_one);
}

void bl_add_broadcast_s8(const void* params) {
  const bl_add_broadcast_params* p = params;
  broadcast(&p->geometry, p->geometry.second, p->strides, p->terms, add_one);
}

void bl_add_constant_s8(const void* params) {
  const bl_add_constant_params* p = params;
  broadcast(&p->geometry, p->constant, p->strides, p->terms, add_one);
}

void bl_mul_s8(const void* params) {
  const bl_mul_params* p = params;
  combine(&p->geometry, p->terms, multiply_one);
}

void bl_mul_broadcast_s8(const void* params) {
  const bl_mul_broadcast_params* p = params;
  broadcast(&p->geometry, p->geometry.second, p->strides, p->terms, multiply_one);
}

void bl_mul_constant_s8(const void* params) {
  const bl_mul_constant_params* p = params;
  broadcast(&p->geometry, p->constant, p->strides, p->terms, multiply_one);
}
