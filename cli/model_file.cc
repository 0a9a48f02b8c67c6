#include "cli/model_file.h"

#include "absl/strings/match.h"
#include "core/graph/model_proto.h"
#include "core/tflite/tflite.h"

namespace boardloop {

bool IsModelFile(const std::string& net) {
  return absl::EndsWith(net, ".tflite") || absl::EndsWith(net, kModelExtension);
}

absl::StatusOr<Model> ReadModelFile(const std::string& path) {
  return absl::EndsWith(path, kModelExtension) ? LoadModelFile(path) : LoadTflite(path);
}

}  // namespace boardloop
