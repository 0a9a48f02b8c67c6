#include "core/data/checkpoint_header.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace boardloop {

absl::StatusOr<v1::CheckpointHeader> ParseCheckpointHeader(const std::string& bytes,
                                                           const std::string& source) {
  constexpr size_t kMagic = 8, kStart = 16;
  if (bytes.size() < kStart || bytes.compare(0, kMagic, kCheckpointMagic) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no checkpoint of this version: it does not begin with %s", source,
                        kCheckpointMagic));
  }
  uint64_t length = 0;
  for (size_t i = kStart; i > kMagic; --i) {
    length = length << 8 | static_cast<uint8_t>(bytes[i - 1]);
  }
  v1::CheckpointHeader header;
  if (length > bytes.size() - kStart || !header.ParseFromString(bytes.substr(kStart, length))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has a header of %d B that is cut off or damaged", source, length));
  }
  return header;
}

}  // namespace boardloop
