// The inverted residual block of MobileNetV2 and its descendants: expand 1x1, depthwise, optionally
// squeeze-and-excite, project 1x1, and an ADD with the input where shapes agree.
#pragma once

#include <cstdint>
#include <string>

#include "core/graph/graph.h"

namespace boardloop {

struct InvertedBlock {
  int32_t mid_channels = 0;  // Equal to the input's: there is no expansion.
  int32_t out_channels = 0;
  int32_t kernel_size = 3;
  int32_t stride = 1;
  int32_t squeeze_channels = 0;                // Of squeeze-and-excite; 0: none.
  bool shortcut = true;                        // Where the stride is 1 and the channels agree.
  Activation activation = Activation::kRelu6;  // After expand and depthwise; project is linear.
};

// Appends the block to `builder` and returns its output tensor. Operators are named
// "`name`.expand",
// ".depthwise", ".se_mean", ".se_reduce", ".se_expand", ".se_gate", ".se_scale", ".project",
// ".add".
int32_t AddInvertedBlock(GraphBuilder& builder, const std::string& name, int32_t input,
                         const InvertedBlock& block);

}  // namespace boardloop
