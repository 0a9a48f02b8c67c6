// Fixed-point arithmetic of TFLite's reference kernels, which gemmlowp defines: a real multiplier
// is an int32 mantissa in [2^30, 2^31) and a power of two; products round twice. Firmware uses the
// same parameters. docs/quantization.md has the definitions and their sources.
#pragma once

#include <cstdint>
#include <limits>

namespace boardloop {

// real multiplier = mantissa * 2^(shift - 31)
struct FixedMultiplier {
  int32_t mantissa = 0;
  int32_t shift = 0;  // Positive: left. In [-31, 30] for any multiplier we accept.
};

// The nearest FixedMultiplier to a finite `multiplier` >= 0; below 2^-32 it is zero.
FixedMultiplier QuantizeMultiplier(double multiplier);

// Whether a multiplier is finite, >= 0 and small enough (below 2^30) for `shift` to be in range.
bool IsRepresentableMultiplier(double multiplier);

// floor(a * b / 2^31 + 1/2): ties go up, as gemmlowp's do for both signs; the one overflow (both
// INT32_MIN) saturates.
inline int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
  if (a == kLowest && b == kLowest) return std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

// round(x / 2^exponent), ties away from zero. exponent in [0, 31].
inline int32_t RoundingDivideByPowerOfTwo(int32_t x, int32_t exponent) {
  // Without branches: signs are random, and this runs once per output of every operator.
  const auto mask = static_cast<int32_t>((uint32_t{1} << exponent) - 1);
  const int32_t threshold = (mask >> 1) + static_cast<int32_t>(x < 0);
  return (x >> exponent) + static_cast<int32_t>((x & mask) > threshold);
}

// x * 2^exponent, modulo 2^32 (TFLite multiplies signed and leaves an overflow undefined; on every
// machine it has run on, that wraps). exponent in [0, 31].
inline int32_t WrappingShiftLeft(int32_t x, int32_t exponent) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) << exponent);
}

// x + y modulo 2^32: a product that a left shift made huge may be at the end of int32 when the zero
// point is added.
inline int32_t WrappingAdd(int32_t x, int32_t y) {
  return static_cast<int32_t>(static_cast<uint32_t>(x) + static_cast<uint32_t>(y));
}

// x * multiplier with both roundings.
inline int32_t Multiply(int32_t x, const FixedMultiplier& multiplier) {
  int32_t left = multiplier.shift > 0 ? multiplier.shift : 0;
  int32_t right = multiplier.shift > 0 ? 0 : -multiplier.shift;
  return RoundingDivideByPowerOfTwo(
      SaturatingRoundingDoublingHighMul(WrappingShiftLeft(x, left), multiplier.mantissa), right);
}

}  // namespace boardloop
