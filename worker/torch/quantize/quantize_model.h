// From a float network to core's int8 Model.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "worker/torch/network.h"
#include "worker/torch/quantize/activation_ranges.h"

namespace boardloop {

// Scale and zero point of each tensor: those whose 256 steps cover its range. The input's are the data
// sets' (kInputScale, kInputZeroPoint). A range of nothing, or one that is tiny beside that of an ADD's operands, is
// widened to what fixed-point arithmetic can say.
std::vector<Quantization> QuantizeActivations(const Graph& graph,
                                              const std::vector<RealRange>& ranges);

// The largest scale that a filter of `op` gets: the multiplier of a convolution, input scale * filter scale / output
// scale, stays below 1/2. A layer with one channel above it cannot run in the boards' fast kernels. Training leaves
// such channels behind: their input hardly ever moves, batch norm divides by a deviation near 0, and the folded filter
// is huge. At the cap one step of the input still moves the output by up to 63 of its 255 steps: what is cut off had
// made the channel all but a threshold on the last bit of its input, which is rounding noise.
float MostFilterScale(const Op& op, const std::vector<Quantization>& activations);

// Filters as symmetric int8 with a scale per output channel, the largest |w| being 127 unless MostFilterScale cuts
// it; biases as int32 in steps of input scale times filter scale. Weights are those of folded batch norm, on the CPU.
// (Clipping the largest weights for less squared error was tried: a channel has too few weights for it to pay at 8
// bits.)
//
// INVALID_ARGUMENT  a weight that is not finite; the message names the operator
absl::StatusOr<Model> QuantizeModel(const Graph& graph, const FoldedWeights& folded,
                                    const std::vector<Quantization>& activations);

// The real filter and bias that a model's operator computes with; shapes as FoldedOp.
FoldedOp Dequantize(const Model& model, size_t op, const FoldedOp& like);

}  // namespace boardloop
