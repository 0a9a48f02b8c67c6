// exp and 1/(1 + x) in 32-bit fixed point, bit for bit as gemmlowp computes them (fixedpoint.h of
// github.com/google/gemmlowp): the softmax of TFLite's reference kernels is made of these two.
// Qm.n is a signed number with m integer and n fractional bits, m + n = 31.
#pragma once

#include <cstdint>

namespace boardloop {

// exp(x) in Q0.31 for x <= 0 in Q5.26. exp(0) is the largest Q0.31 number.
int32_t ExpOfNegative(int32_t x);

// 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31.
int32_t OneOverOnePlus(int32_t x);

}  // namespace boardloop
