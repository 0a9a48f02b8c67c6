// Files that hold an int8 model with its weights: .tflite and .blm.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

// Whether `net`, as a user names a network, is such a file: by its ending.
bool IsModelFile(const std::string& net);

// Reads a .blm (docs/formats/model.md); what has another ending is read as a .tflite.
//
// The statuses of LoadModelFile and LoadTflite.
absl::StatusOr<Model> ReadModelFile(const std::string& path);

}  // namespace boardloop
