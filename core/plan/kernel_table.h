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

// Whether the kernel of `op` can write its output over input `index`, element by element or channel
// by channel, if nothing reads that input later. True says nothing about sizes.
bool CanOverwrite(const Op& op, int index);

}  // namespace boardloop
