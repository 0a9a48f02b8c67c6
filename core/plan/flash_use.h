// What the engine keeps of a network in flash beside code: packed filters, starts of sums and requantization by channel, tables,
// and the parameters of kernel calls. One table, like kernel_table.h: searches hold flash limits by it, and the code generator's
// tests hold the code generator to it.
#pragma once

#include <cstdint>

#include "core/graph/graph.h"
#include "core/plan/plan.h"

namespace boardloop {

// In bytes, for the ARMv7E-M kernels or their portable twins, whichever takes more: which of them an operator gets depends on
// numbers that are known after quantization only. A few per cent above what is stored then; never below.
int64_t FlashAtMost(const Graph& graph, const Op& op);

// Of all operators, without what patches add.
int64_t FlashAtMost(const Graph& graph);

// With the tables of tiles that a stage of patches, or a streamed input, is run by. `plan` is a plan of `graph`.
int64_t FlashAtMost(const Graph& graph, const Plan& plan);

}  // namespace boardloop
