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

// Filters as symmetric int8 with a scale per output channel, the largest |w| being 127; biases as int32 in steps
// of input scale times filter scale. Weights are those of folded batch norm, on the CPU. (Clipping the largest
// weights for less squared error was tried: a channel has too few weights for it to pay at 8 bits.)
//
// INVALID_ARGUMENT  a weight that is not finite; the message names the operator
absl::StatusOr<Model> QuantizeModel(const Graph& graph, const FoldedWeights& folded,
                                    const std::vector<Quantization>& activations);

// The real filter and bias that a model's operator computes with; shapes as FoldedOp.
FoldedOp Dequantize(const Model& model, size_t op, const FoldedOp& like);

}  // namespace boardloop
