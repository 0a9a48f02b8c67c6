#include "core/data/checkpoint_header.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/hash.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr size_t kMagic = 8, kStart = 16, kHash = 16;

// The eight bytes at `at`, little endian.
uint64_t NumberAt(const std::string& bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = at + 8; i > at; --i) number = number << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return number;
}

}  // namespace

absl::StatusOr<v1::CheckpointHeader> ParseCheckpointHeader(const std::string& bytes,
                                                           const std::string& source) {
  if (bytes.size() < kStart || bytes.compare(0, kMagic, kCheckpointMagic) != 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no checkpoint of this version: it does not begin with %s", source,
                        kCheckpointMagic));
  }
  const uint64_t length = NumberAt(bytes, kMagic);
  v1::CheckpointHeader header;
  if (length > bytes.size() - kStart || !header.ParseFromString(bytes.substr(kStart, length))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has a header of %d B that is cut off or damaged", source, length));
  }
  return header;
}

absl::StatusOr<v1::CheckpointHeader> ParseCheckpointHead(const std::string& head,
                                                         int64_t file_bytes,
                                                         const std::string& source) {
  constexpr int64_t kMostParameters = int64_t{1} << 40;
  constexpr int kMostTensors = 16;
  BL_ASSIGN_OR_RETURN(v1::CheckpointHeader header, ParseCheckpointHeader(head, source));
  if (header.parameters() < 0 || header.parameters() > kMostParameters ||
      header.tensors_size() > kMostTensors) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has %d tensors of %d parameters, which no checkpoint has", source,
                        header.tensors_size(), header.parameters()));
  }
  const uint64_t tensors = sizeof(float) * static_cast<uint64_t>(header.parameters()) *
                           static_cast<uint64_t>(header.tensors_size());
  const uint64_t whole = kStart + NumberAt(head, kMagic) + tensors + kHash;
  const auto size = static_cast<uint64_t>(file_bytes);
  if (size != whole) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has %d B, its header tells of %d B: it is %s", source, size, whole,
                        size < whole ? "cut off" : "followed by something else"));
  }
  return header;
}

absl::StatusOr<v1::CheckpointHeader> ParseWholeCheckpoint(const std::string& bytes,
                                                          const std::string& source) {
  BL_ASSIGN_OR_RETURN(v1::CheckpointHeader header,
                      ParseCheckpointHead(bytes, static_cast<int64_t>(bytes.size()), source));
  const size_t end = bytes.size() - kHash;
  const Hash128 hash = HashBytes(bytes.substr(0, end));
  if (hash.high != NumberAt(bytes, end) || hash.low != NumberAt(bytes, end + 8)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is damaged: its hash does not fit its content", source));
  }
  return header;
}

}  // namespace boardloop
