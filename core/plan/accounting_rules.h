// The five ways in which published figures count peak SRAM, so that a figure can be compared with
// like. All for int8 (one byte per activation), layer by layer, input and output counted.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace boardloop {

struct AccountingRules {
  // A: as B, but the input of an inverted residual block is kept during the depthwise convolution
  //    even when there is no shortcut (MCUNet, table 1).
  int64_t a = 0;
  // B: largest of input + output over convolutions; a depthwise convolution also keeps a shortcut;
  //    a projection does not count it ("Act" of the released profilers).
  int64_t b = 0;
  // C: input + output with all live branches, depthwise and ADD in place (MCUNetV2's analysis).
  int64_t c = 0;
  // D: the arena of TinyEngine's allocator.
  int64_t d = 0;
  // E: D + TinyEngine's im2col buffer + its kernel buffer (the SRAM column of its README).
  int64_t e = 0;
};

AccountingRules CountByRules(const Graph& graph);

}  // namespace boardloop
