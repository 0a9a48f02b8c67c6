#include "worker/model_files.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/graph/model_proto.h"
#include "core/onnx/onnx.h"
#include "core/tflite/tflite.h"

namespace boardloop {
namespace {

std::string EndingOf(const std::string& path) {
  return std::filesystem::path(path).extension().string();
}

}  // namespace

absl::StatusOr<std::string> SerializeAs(const Model& model, const std::string& ending) {
  if (ending == ".tflite") return ExportTflite(model);
  if (ending == ".onnx") return ExportOnnx(model);
  return SerializeModel(model);
}

absl::Status CheckModelPath(const std::string& path) {
  const std::string ending = EndingOf(path);
  if (ending == ".blm" || ending == ".tflite" || ending == ".onnx") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, " does not end in .blm, .tflite or .onnx, which say the format"));
}

absl::Status WriteModel(const Model& model, const std::string& path) {
  BL_RETURN_IF_ERROR(CheckModelPath(path));
  BL_ASSIGN_OR_RETURN(const std::string bytes, SerializeAs(model, EndingOf(path)));
  return WriteFileAtomically(path, bytes);
}

}  // namespace boardloop
