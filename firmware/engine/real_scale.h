/* The one requantization that is not in fixed point: FULLY_CONNECTED's (docs/quantization.md). */
#ifndef BOARDLOOP_FIRMWARE_ENGINE_REAL_SCALE_H_
#define BOARDLOOP_FIRMWARE_ENGINE_REAL_SCALE_H_

#include <string.h>

#include "firmware/engine/kernels.h"

/* Larger results are long saturated as int8. */
#define BL_REAL_SCALE_LIMIT 1024

/* round(sum * multiplier), ties away from zero, in double and without a mathematics library. */
static inline int32_t bl_real_scale_in_double(int32_t sum, const bl_real_channel* channel) {
  const uint64_t bits = (uint64_t)channel->multiplier_high << 32 | channel->multiplier_low;
  double multiplier;
  memcpy(&multiplier, &bits, sizeof(multiplier));
  /* volatile: a compiler may otherwise fuse the product with the subtraction below, and what is
   * rounded once instead of twice may be another number. */
  const volatile double product = (double)sum * multiplier;
  double x = product;
  if (x > BL_REAL_SCALE_LIMIT) x = BL_REAL_SCALE_LIMIT;
  if (x < -BL_REAL_SCALE_LIMIT) x = -BL_REAL_SCALE_LIMIT;
  const int32_t whole = (int32_t)x;
  const double rest = x - whole;
  if (rest >= 0.5) return whole + 1;
  if (rest <= -0.5) return whole - 1;
  return whole;
}

/* The same, clamped to BL_REAL_SCALE_LIMIT. Cores without a double unit need hundreds of cycles for
 * the above. With the upper 32 bits of the multiplier's mantissa the product is short by less than
 * `magnitude` units of its last place, and double itself rounds by less than that: only products so
 * close below a half need the long way. */
static inline int32_t bl_real_scale(int32_t sum, const bl_real_channel* channel) {
  const uint32_t mantissa =
      0x80000000u | (channel->multiplier_high & 0xfffffu) << 11 | channel->multiplier_low >> 21;
  /* 1023 is the exponent's bias; a mantissa of 32 bits has 31 behind the point. */
  const int32_t shift = 1023 + 31 - (int32_t)(channel->multiplier_high >> 20);
  if (shift < 1 || shift > 62) return bl_real_scale_in_double(sum, channel);
  const uint32_t magnitude = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum;
  const uint64_t product = (uint64_t)magnitude * mantissa;
  const uint64_t half = (uint64_t)1 << (shift - 1);
  const uint64_t fraction = product & (2 * half - 1);
  if (fraction < half && fraction + 2 * (uint64_t)magnitude + 2 >= half) {
    return bl_real_scale_in_double(sum, channel);
  }
  uint64_t result = (product + half) >> shift;
  if (result > BL_REAL_SCALE_LIMIT) result = BL_REAL_SCALE_LIMIT;
  return sum < 0 ? -(int32_t)result : (int32_t)result;
}

#endif /* BOARDLOOP_FIRMWARE_ENGINE_REAL_SCALE_H_ */
