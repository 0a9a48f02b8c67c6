// Models on disk in the formats that the worker writes; cli/model_file.h reads them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

// By the ending of `path`: .blm (core's model), .tflite or .onnx.
//
// INVALID_ARGUMENT  another ending
absl::Status WriteModel(const Model& model, const std::string& path);

// Its bytes, `ending` with the dot.
absl::StatusOr<std::string> SerializeAs(const Model& model, const std::string& ending);

// INVALID_ARGUMENT  an ending that WriteModel does not know
absl::Status CheckModelPath(const std::string& path);

}  // namespace boardloop
