// Import and export of int8 .tflite files.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

inline constexpr int64_t kMaxTfliteBytes = int64_t{256} << 20;

// Reads an int8 model: one subgraph, one input, batch 1, per-tensor or per-channel weights. PAD is
// folded into the convolution behind it, QUANTIZE and DEQUANTIZE at the edges are dropped (the
// network takes and returns int8), a lone ReLU becomes kQuantize. Nothing in the file is trusted:
// offsets, sizes, types, shapes and scales are checked. `source` names the file in messages.
//
// INVALID_ARGUMENT  not a .tflite, truncated, inconsistent (what was found, what was needed)
// UNIMPLEMENTED     a valid file with an operator or option we do not support: which, where (index
// and
//                   tensor names), and what is supported
absl::StatusOr<Model> ImportTflite(const std::string& bytes, const std::string& source);

absl::StatusOr<Model> LoadTflite(const std::string& path);

// Writes a .tflite (schema version 3) that LiteRT runs with the same results. ImportTflite reads
// the same model back, save what a .tflite says in one way only: a kPad in front of a convolution
// is then part of it, a kReshape to the same shape is gone, and so is an op that no output depends
// on, a depthwise convolution of one channel with a multiplier is a kConv2d, and each op has the
// name of its output.
//
// INVALID_ARGUMENT  the model is invalid (ValidateModel), or its weights exceed kMaxTfliteBytes
// UNIMPLEMENTED     an average pool padded as neither SAME nor VALID does, which .tflite cannot say
absl::StatusOr<std::string> ExportTflite(const Model& model);

// "CONV_2D, DEPTHWISE_CONV_2D, ..." for messages and help.
std::string SupportedTfliteOperators();

}  // namespace boardloop
