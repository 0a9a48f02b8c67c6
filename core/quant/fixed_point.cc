#include "core/quant/fixed_point.h"

#include <cmath>

#include "glog/logging.h"

namespace boardloop {

bool IsRepresentableMultiplier(double multiplier) {
  // From 2^30 - 1/4 the mantissa rounds up to 2^31, which is 2^30 and a shift of 31.
  return multiplier >= 0 && multiplier < (1 << 30) - 0.25;  // False for NaN.
}

FixedMultiplier QuantizeMultiplier(double multiplier) {
  CHECK(IsRepresentableMultiplier(multiplier)) << multiplier;
  if (multiplier == 0) return {};
  int shift = 0;
  double fraction = std::frexp(multiplier, &shift);  // In [1/2, 1).
  auto mantissa = static_cast<int64_t>(std::round(fraction * 0x1p31));
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++shift;
  }
  if (shift < -31) return {};
  return {static_cast<int32_t>(mantissa), shift};
}

}  // namespace boardloop
