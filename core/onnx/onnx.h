// Export of int8 models as ONNX.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

// Writes `model` in ONNX's QDQ form (opset 13): float operators between QuantizeLinear and DequantizeLinear, filters as
// int8 per channel, biases as int32. Runtimes recognize the pattern and compute in int8, each with its own
// rounding: outputs may differ from core/quant's by a few steps (tests/golden/README.md has figures).
//
// Inside, feature maps are NCHW. The input is float [1][channels][height][width], real values as the input's quantization
// says, and is quantized first; outputs are float, dequantized last, [1][n] where height and width are 1.
//
// INVALID_ARGUMENT  the model is invalid (ValidateModel)
// UNIMPLEMENTED     a resize with aligned corners and half-pixel centers at once, which ONNX cannot say
absl::StatusOr<std::string> ExportOnnx(const Model& model);

}  // namespace boardloop
