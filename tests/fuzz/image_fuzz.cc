// Decodes arbitrary bytes as an image: no crash, no leak, and an image only within the limits.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/data/image.h"
#include "glog/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<boardloop::Image> image = boardloop::DecodeImage(bytes);
  if (!image.ok()) {
    CHECK(!image.status().message().empty());
    return 0;
  }
  CHECK(image->channels == 1 || image->channels == 3);
  CHECK_EQ(image->pixels.size(), size_t{1} * image->height * image->width * image->channels);
  return 0;
}
