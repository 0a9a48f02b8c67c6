#include "core/quant/fixed_point_functions.h"

#include <algorithm>
#include <limits>

#include "core/quant/fixed_point.h"

namespace boardloop {
namespace {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int32_t kMin = std::numeric_limits<int32_t>::min();

// Of Qa.x and Qb.y: Q(a+b).
int32_t Mul(int32_t a, int32_t b) { return SaturatingRoundingDoublingHighMul(a, b); }

int32_t SaturatingShiftLeft(int32_t x, int exponent) {
  int64_t wide = int64_t{x} * (int64_t{1} << exponent);
  return static_cast<int32_t>(std::clamp<int64_t>(wide, kMin, kMax));
}

// exp(x) in Q0.31 for x in [-1/4, 0) in Q0.31: the Taylor polynomial of degree 4 around -1/8.
int32_t ExpOnQuarter(int32_t x) {
  constexpr int32_t kExpMinusEighth = 1895147668;
  constexpr int32_t kOneThird = 715827883;
  int32_t y = x + (1 << 28);  // x + 1/8
  int32_t y2 = Mul(y, y);
  int32_t y3 = Mul(y2, y);
  int32_t y4_over_4 = RoundingDivideByPowerOfTwo(Mul(y2, y2), 2);
  // y^4/24 + y^3/6 + y^2/2
  int32_t higher = RoundingDivideByPowerOfTwo(Mul(y4_over_4 + y3, kOneThird) + y2, 1);
  return kExpMinusEighth + Mul(kExpMinusEighth, y + higher);
}

}  // namespace

int32_t ExpOfNegative(int32_t x) {
  constexpr int kFractionalBits = 26;
  constexpr int32_t kQuarter = 1 << (kFractionalBits - 2);
  // exp(-2^i) in Q0.31 for i = -2 ... 4.
  constexpr int32_t kExpOfMinusPower[] = {1672461947, 1302514674, 790015084, 290630308,
                                          39332535,   720401,     242};
  if (x == 0) return kMax;
  // x = quarter - remainder: quarter in [-1/4, 0), remainder a sum of powers of two.
  int32_t quarter = (x & (kQuarter - 1)) - kQuarter;
  auto remainder = static_cast<uint32_t>(quarter) - static_cast<uint32_t>(x);
  int32_t result = ExpOnQuarter(SaturatingShiftLeft(quarter, 5));  // Q5.26 to Q0.31
  for (int i = 0; i < 7; ++i) {
    if (remainder & (uint32_t{1} << (kFractionalBits - 2 + i))) {
      result = Mul(result, kExpOfMinusPower[i]);
    }
  }
  return result;
}

int32_t OneOverOnePlus(int32_t x) {
  constexpr int32_t k48Over17 = 1515870810;        // Q2.29
  constexpr int32_t kMinus32Over17 = -1010580540;  // Q2.29
  constexpr int32_t kOne = 1 << 29;                // Q2.29
  // Newton-Raphson for 1 / ((1 + x) / 2), which is in (1, 2].
  auto half_denominator = static_cast<int32_t>((int64_t{x} + kMax + 1) / 2);
  int32_t estimate = k48Over17 + Mul(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    int32_t error = kOne - Mul(half_denominator, estimate);
    estimate += SaturatingShiftLeft(Mul(estimate, error), 2);  // Q4.27 to Q2.29
  }
  return SaturatingShiftLeft(estimate, 1);  // Halved: Q1.30, to Q0.31.
}

}  // namespace boardloop
