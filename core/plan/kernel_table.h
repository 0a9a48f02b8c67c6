// What the engine's kernels need besides input and output, and which of them may overwrite an
// input. One table: the planner sizes the arena by it, and the engine's tests hold each kernel to
// it.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace boardloop {

// Scratch of one kernel call, in bytes. A kernel works with any amount from `least` on; more than
// `most` is of no use. Only depthwise kernels have a choice: they copy a band of rows of one
// channel plane, widened to int16 and padded, and `most` is the whole plane.
struct Scratch {
  int64_t least = 0;
  int64_t most = 0;
};

// Shapes are those of one call: in the patch stage, of the largest tile.
Scratch KernelScratch(const Op& op, const Shape& input, const Shape& output);

// Whether the kernel of `op` can write its output over input `index`, from the same address on, if
// nothing reads that input later:
//   element by element   ADD, MUL, activations; shapes are equal
//   channel by channel   depthwise: a band of the channel is copied before its outputs are written;
//                        the output must not be larger than the input
//   pixel by pixel       pointwise: a pair of pixels is copied before its outputs are written, from
//                        the last pixel to the first where channels grow, so that no input is lost
bool CanOverwrite(const Op& op, int index);

}  // namespace boardloop
