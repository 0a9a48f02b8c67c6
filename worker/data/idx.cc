#include "worker/data/idx.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "worker/data/gzip.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxBytes = int64_t{4} << 30;
constexpr uint8_t kUint8Type = 0x08;

uint8_t ByteAt(const std::string& bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

uint32_t BigEndianAt(const std::string& bytes, size_t i) {
  return uint32_t{ByteAt(bytes, i)} << 24 | uint32_t{ByteAt(bytes, i + 1)} << 16 |
         uint32_t{ByteAt(bytes, i + 2)} << 8 | ByteAt(bytes, i + 3);
}

bool IsGzip(const std::string& bytes) {
  return bytes.size() >= 2 && ByteAt(bytes, 0) == 0x1f && ByteAt(bytes, 1) == 0x8b;
}

absl::Status CheckHeader(const std::string& bytes, size_t dimensions) {
  if (bytes.size() < 4 + 4 * dimensions) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it has %d bytes, less than an IDX header", bytes.size()));
  }
  if (ByteAt(bytes, 0) != 0 || ByteAt(bytes, 1) != 0 || ByteAt(bytes, 2) != kUint8Type ||
      ByteAt(bytes, 3) != dimensions) {
    return absl::InvalidArgumentError(
        absl::StrFormat("it begins with %02x %02x %02x %02x, an IDX file of %d-dimensional uint8 "
                        "with 00 00 08 %02x",
                        ByteAt(bytes, 0), ByteAt(bytes, 1), ByteAt(bytes, 2), ByteAt(bytes, 3),
                        dimensions, dimensions));
  }
  return absl::OkStatus();
}

absl::StatusOr<IdxArray> ParsePlain(const std::string& bytes, size_t dimensions) {
  BL_RETURN_IF_ERROR(CheckHeader(bytes, dimensions));
  IdxArray array;
  const size_t header = 4 + 4 * dimensions;
  const auto found = static_cast<int64_t>(bytes.size() - header);
  int64_t count = 1;
  for (size_t d = 0; d < dimensions; ++d) {
    const int64_t extent = BigEndianAt(bytes, 4 + 4 * d);
    array.shape.push_back(extent);
    // Once above what is there, further factors cannot make it right, and might overflow.
    if (count <= found || extent == 0) count *= extent;
  }
  if (count != found) {
    return absl::InvalidArgumentError(
        absl::StrFormat("its header tells of %d or more values, %d follow", count, found));
  }
  array.values = bytes.substr(header);
  return array;
}

}  // namespace

absl::StatusOr<IdxArray> ParseIdx(const std::string& bytes, size_t dimensions,
                                  const std::string& source) {
  absl::StatusOr<IdxArray> array;
  if (IsGzip(bytes)) {
    absl::StatusOr<std::string> plain = Gunzip(bytes, kMaxBytes);
    if (!plain.ok()) return Annotate(plain.status(), source);
    array = ParsePlain(*plain, dimensions);
  } else {
    array = ParsePlain(bytes, dimensions);
  }
  if (!array.ok()) return Annotate(array.status(), source);
  return array;
}

}  // namespace boardloop
