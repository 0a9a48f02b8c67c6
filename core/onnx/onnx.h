// Export to ONNX, for tools that do not read .tflite: opset 13, IR version 7.
//
// The file says what the quantized network computes in real numbers, the way that is called QDQ:
// every tensor of the model is rounded to int8 by QuantizeLinear and made real again by
// DequantizeLinear, and between the two stand float operators. Runtimes either compute it so, or
// recognize the pattern and run it in int8. Layout is NCHW.
//
//   input    float32 [1][C][H][W]: real values, such as pixels scaled as the input's quantization says
//            (not int8 numbers). It is the first thing to be quantized.
//   outputs  float32, dequantized: [1][C] for a vector (1x1xC), else [1][C][H][W]. Real values of the
//            model's output tensors: logits, or probabilities behind a softmax.
//
// Invariants (tests/core/onnx check them):
//   (1) Real values of a tensor of the model have the tensor's name; names that are empty or taken get
//       a suffix. Scales, zero points, weights and biases are those of the model, bit for bit; only
//       layouts differ.
//   (2) Results differ from core/quant's only by rounding: QuantizeLinear rounds ties to even and
//       once, TFLite's kernels away from zero and twice. tests/golden/README.md has the figures.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

inline constexpr int64_t kMaxOnnxBytes = int64_t{256} << 20;  // Of weights and constants.

// The bytes of an .onnx file; equal models give equal bytes.
//
// INVALID_ARGUMENT  the model is invalid (ValidateModel), or its weights exceed kMaxOnnxBytes
absl::StatusOr<std::string> ExportOnnx(const Model& model);

}  // namespace boardloop
