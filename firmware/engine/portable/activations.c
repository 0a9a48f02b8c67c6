#include "firmware/engine/kernels.h"
#include "firmware/engine/requantize.h"

void bl_table_s8(const void* params) {
  const bl_table_params* p = params;
  const bl_geometry* g = &p->geometry;
  const int8_t* table = p->table + 128;
  const int32_t row_bytes = g->output_width * g->output_channels;
  for (int32_t y = 0; y < g->output_height; ++y) {
    const int8_t* in = g->input + y * g->input_pitch;
    int8_t* out = g->output + y * g->output_pitch;
    for (int32_t i = 0; i < row_bytes; ++i) out[i] = table[in[i]];
  }
}

/* ---- Softmax: 1 / (1 + x) as core/quant/fixed_point_functions.cc has it; exp is a table, for its
 * argument has 256 values and its time should not depend on them. Qm.n is a number with m integer
 * and n fractional bits. */

static int32_t saturating_shift_left(int32_t x, int32_t exponent) {
  const int64_t wide = (int64_t)x * (1 << exponent);
  if (wide > INT32_MAX) return INT32_MAX;
  if (wide < INT32_MIN) return INT32_MIN;
  return (int32_t)wide;
}

/* 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31: Newton-Raphson for 1 / ((1 + x) / 2). */
static int32_t one_over_one_plus(int32_t x) {
  const int32_t k48_over_17 = 1515870810;       /* Q2.29 */
  const int32_t minus_32_over_17 = -1010580540; /* Q2.29 */
  const int32_t one = 1 << 29;                  /* Q2.29 */
  const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
  int32_t estimate = k48_over_17 + bl_high_product(half_denominator, minus_32_over_17);
  for (int32_t i = 0; i < 3; ++i) {
    const int32_t error = one - bl_high_product(half_denominator, estimate);
    estimate += saturating_shift_left(bl_high_product(estimate, error), 2);
  }
  return saturating_shift_left(estimate, 1);
}

static int32_t leading_zeros(uint32_t x) {
  int32_t count = 0;
  for (; count < 32 && (x & 0x80000000u) == 0; x <<= 1) ++count;
  return count;
}

static int32_t maximum_of(const int8_t* values, int32_t count) {
  int32_t max = values[0];
  for (int32_t i = 1; i < count; ++i) {
    if (values[i] > max) max = values[i];
  }
  return max;
}

static void softmax_pixel(const bl_softmax_params* p, const int8_t* in, int8_t* out) {
  const int32_t sum_integer_bits = 12; /* Sums of exp are Q12.19. */
  const int32_t channels = p->geometry.input_channels;
  const int32_t max = maximum_of(in, channels);
  int32_t sum = 0;
  for (int32_t c = 0; c < channels; ++c) {
    sum += bl_rounding_shift_right(p->exp[max - in[c]], sum_integer_bits);
  }
  /* 1 / sum: shifted into [1, 2) it is 1 + x, whose reciprocal is scaled back at the end. A sum of
   * 512 or more leaves less than half a step of each probability. */
  const int32_t zeros = leading_zeros((uint32_t)sum);
  const int32_t shift = sum_integer_bits - zeros + 31 - 8;
  const int32_t reciprocal =
      shift > 31 ? 0 : one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - ((uint32_t)1 << 31)));
  const int32_t right = shift > 31 ? 31 : shift;
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t product = bl_high_product(reciprocal, p->exp[max - in[c]]);
    out[c] = bl_clamp(bl_rounding_shift_right(product, right) - 128, -128, 127);
  }
}

void bl_softmax_s8(const void* params) {
  const bl_softmax_params* p = params;
  const bl_geometry* g = &p->geometry;
  for (int32_t y = 0; y < g->input_height; ++y) {
    for (int32_t x = 0; x < g->input_width; ++x) {
      const int32_t column = x * g->input_channels;
      softmax_pixel(p, g->input + y * g->input_pitch + column,
                    g->output + y * g->output_pitch + column);
    }
  }
}
