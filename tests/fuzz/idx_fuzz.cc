// Any bytes as an IDX file, plain or gzipped: refused, or an array whose values are as many as its shape says.
#include <cstddef>
#include <cstdint>
#include <string>

#include "glog/logging.h"
#include "worker/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t dimensions = data[0] % 4;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const absl::StatusOr<boardloop::IdxArray> array = boardloop::ParseIdx(bytes, dimensions, "fuzz");
  if (!array.ok()) return 0;
  int64_t count = 1;
  for (const int64_t extent : array->shape) count *= extent;
  CHECK_EQ(array->shape.size(), dimensions);
  CHECK_EQ(array->values.size(), static_cast<size_t>(count));
  return 0;
}
