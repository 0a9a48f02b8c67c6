/* The int8 arithmetic that kernels share: products with fixed-point multipliers, mantissa *
 * 2^(shift - 31), and the ADD of two tensors. Equal to core/quant (fixed_point.h, elementwise.h)
 * bit for bit; docs/quantization.md has the definitions.
 *
 * Right shifts of negative numbers are arithmetic, as in all compilers that build this. */
#ifndef BOARDLOOP_FIRMWARE_ENGINE_REQUANTIZE_H_
#define BOARDLOOP_FIRMWARE_ENGINE_REQUANTIZE_H_

#include "firmware/engine/kernels.h"

/* floor(a * b / 2^31 + 1/2). Callers never have both INT32_MIN, which would overflow. */
static inline int32_t bl_high_product(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* round(x / 2^exponent), ties away from zero. exponent in [0, 31]. */
static inline int32_t bl_rounding_shift_right(int32_t x, int32_t exponent) {
  const int32_t mask = (int32_t)((1u << exponent) - 1u);
  const int32_t threshold = (mask >> 1) + (x < 0);
  return (x >> exponent) + ((x & mask) > threshold);
}

/* x * 2^exponent and x + y, modulo 2^32. */
static inline int32_t bl_wrapping_shift_left(int32_t x, int32_t exponent) {
  return (int32_t)((uint32_t)x << exponent);
}
static inline int32_t bl_wrapping_add(int32_t x, int32_t y) {
  return (int32_t)((uint32_t)x + (uint32_t)y);
}

/* x * multiplier, rounded twice. Without branches: its time is the same for all multipliers, also
 * for the random ones of a resident image. */
static inline int32_t bl_multiply(int32_t x, int32_t mantissa, int32_t shift) {
  const int32_t right = shift & (shift >> 31); /* min(shift, 0) */
  const int32_t left = shift - right;
  return bl_rounding_shift_right(bl_high_product(bl_wrapping_shift_left(x, left), mantissa),
                                 -right);
}

static inline int8_t bl_clamp(int32_t x, int32_t minimum, int32_t maximum) {
  if (x < minimum) x = minimum;
  if (x > maximum) x = maximum;
  return (int8_t)x;
}

/* One output of ADD. Its three multipliers are below 1: shifts are at most 0. */
static inline int8_t bl_add_one(const bl_add_terms* terms, int32_t a, int32_t b) {
  const int32_t headroom = 1 << 20;
  const int32_t real_a = bl_rounding_shift_right(
      bl_high_product((a - terms->zero_point_a) * headroom, terms->mantissa_a), -terms->shift_a);
  const int32_t real_b = bl_rounding_shift_right(
      bl_high_product((b - terms->zero_point_b) * headroom, terms->mantissa_b), -terms->shift_b);
  const int32_t sum = bl_rounding_shift_right(
      bl_high_product(real_a + real_b, terms->mantissa_output), -terms->shift_output);
  return bl_clamp(sum + terms->zero_point_output, terms->minimum, terms->maximum);
}

#endif /* BOARDLOOP_FIRMWARE_ENGINE_REQUANTIZE_H_ */
