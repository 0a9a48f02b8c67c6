// Any bytes: the import refuses them with an error, or returns a valid model that survives being
// written and read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/tflite/tflite.h"
#include "glog/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace boardloop;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<Model> model = ImportTflite(bytes, "fuzz");
  if (!model.ok()) {
    // Errors are one line, however odd the names in the file.
    CHECK(std::string(model.status().message()).find('\n') == std::string::npos) << model.status();
    return 0;
  }
  CHECK(ValidateModel(*model).ok()) << ValidateModel(*model);
  absl::StatusOr<std::string> written = ExportTflite(*model);
  CHECK(written.ok()) << written.status();
  absl::StatusOr<Model> again = ImportTflite(*written, "fuzz");
  CHECK(again.ok()) << again.status();
  absl::StatusOr<std::string> rewritten = ExportTflite(*again);
  CHECK(rewritten.ok()) << rewritten.status();
  CHECK(*rewritten == *written) << "writing, reading and writing again gave other bytes";
  return 0;
}
