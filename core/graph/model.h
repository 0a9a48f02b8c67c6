// A Graph with int8 weights and quantization parameters: what is interpreted, exported and compiled
// for a board. real = scale * (q - zero_point).
//
// Invariants (ValidateModel checks them):
//   (1) Every tensor has a finite scale > 0 and a zero point in [-128, 127].
//   (2) Filters are symmetric (zero point 0) with one finite scale > 0 per output channel; with
//       `per_tensor` these are equal.
//   (3) Sizes agree with the graph: filter = FilterElements, filter_scales and bias = out channels;
//       a constant has one value for each element, and no other tensor has values.
//   (4) Operators do what TFLite's int8 kernels can: pools, kPad, kReshape, kConcat and
//       kResizeNearest copy values, so their inputs and output have one scale and zero point; the
//       outputs of kSoftmax and kSigmoid have scale 1/256 and zero point -128; `beta` of kSoftmax is
//       finite and above 0.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "core/graph/graph.h"

namespace boardloop {

struct Quantization {
  float scale = 0;  // float, as .tflite has it: the multipliers derived from it must agree.
  int32_t zero_point = 0;
};

struct OpWeights {
  std::vector<int8_t> filter;        // Layout as OpKind says.
  std::vector<float> filter_scales;  // One per output channel; a per-tensor scale is repeated.
  // The source had one scale for all channels; the arithmetic is the same, export writes it so
  // again.
  bool per_tensor = false;
  std::vector<int32_t> bias;  // One per output channel, scale input * filter; zeros if absent.
};

struct Model {
  Graph graph;
  std::vector<Quantization> quantization;            // By tensor.
  std::vector<OpWeights> weights;                    // By op; empty where it has none.
  std::map<int32_t, std::vector<int8_t>> constants;  // By tensor, for Tensor::constant.
};

// INVALID_ARGUMENT names the op or tensor and what is wrong with it.
absl::Status ValidateModel(const Model& model);

// A model with seeded random weights and plausible scales for `graph`: for measuring latency, where
// weights do not matter, and for tests. Activations keep a useful spread through the layers.
Model RandomModel(const Graph& graph, uint64_t seed);

}  // namespace boardloop
