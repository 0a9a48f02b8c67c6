// Any bytes as a .blm file: refused with an error, or a valid model that survives being written and read
// again, also as ONNX.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/graph/model_proto.h"
#include "core/onnx/onnx.h"
#include "glog/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace boardloop;
  // Without the magic too, so that the fuzzer need not find it.
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!LooksLikeModel(bytes)) bytes = "BLMODEL1" + bytes;
  const absl::StatusOr<Model> model = ParseModel(bytes, "fuzz");
  if (!model.ok()) return 0;
  const std::string written = SerializeModel(*model);
  const absl::StatusOr<Model> again = ParseModel(written, "fuzz");
  CHECK(again.ok()) << again.status();
  CHECK(SerializeModel(*again) == written) << "writing, reading and writing again gave other bytes";
  const absl::StatusOr<std::string> onnx = ExportOnnx(*model);
  CHECK(onnx.ok() || absl::IsUnimplemented(onnx.status())) << onnx.status();
  return 0;
}
