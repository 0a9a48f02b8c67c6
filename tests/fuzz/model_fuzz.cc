// Any bytes: they are refused with one line, or are a valid model that survives being written and
// read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/graph/model_proto.h"
#include "glog/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace boardloop;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Model> model = ParseModel(bytes, "fuzz");
  if (!model.ok()) {
    CHECK(!model.status().message().empty());
    CHECK(std::string(model.status().message()).find('\n') == std::string::npos) << model.status();
    return 0;
  }
  CHECK(ValidateModel(*model).ok()) << ValidateModel(*model);
  const std::string written = SerializeModel(*model);
  const absl::StatusOr<Model> again = ParseModel(written, "fuzz");
  CHECK(again.ok()) << again.status();
  CHECK(SerializeModel(*again) == written) << "writing, reading and writing gave other bytes";
  return 0;
}
