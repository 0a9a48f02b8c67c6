#include "core/data/samples.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "core/base/hash.h"

namespace boardloop {
namespace {

constexpr char kMagic[] = "BLSAMP01";
constexpr size_t kMagicBytes = 8, kHeaderBytes = kMagicBytes + 8, kHashBytes = 16;

void AppendNumber(std::string& bytes, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
}

uint32_t ReadNumber(const std::string& bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

std::string HashOf(const std::string& bytes) {
  const Hash128 hash = HashBytes(bytes);
  std::string text;
  AppendNumber(text, hash.high, 8);
  AppendNumber(text, hash.low, 8);
  return text;
}

}  // namespace

std::string SerializeSamples(const Samples& samples) {
  std::string bytes(kMagic, kMagicBytes);
  AppendNumber(bytes, static_cast<uint64_t>(samples.size()), 4);
  AppendNumber(bytes, static_cast<uint64_t>(samples.input_bytes), 4);
  for (const int32_t label : samples.labels) AppendNumber(bytes, static_cast<uint32_t>(label), 4);
  bytes.append(reinterpret_cast<const char*>(samples.inputs.data()), samples.inputs.size());
  return bytes + HashOf(bytes);
}

absl::StatusOr<Samples> ParseSamples(const std::string& bytes, const std::string& source) {
  const auto invalid = [&](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", source, why));
  };
  if (static_cast<int64_t>(bytes.size()) > kMaxSamplesBytes) {
    return invalid(
        absl::StrFormat("%d B, at most %d are supported", bytes.size(), kMaxSamplesBytes));
  }
  if (bytes.size() < kHeaderBytes + kHashBytes || bytes.compare(0, kMagicBytes, kMagic) != 0) {
    return invalid("not a file of samples: it does not begin with BLSAMP01");
  }
  const int64_t count = ReadNumber(bytes, kMagicBytes);
  const int64_t input_bytes = ReadNumber(bytes, kMagicBytes + 4);
  if (count < 1 || count > kMaxSamples || input_bytes < 1 || input_bytes > kMaxSamplesBytes) {
    return invalid(absl::StrFormat("%d samples of %d B: must be in [1, %d] and [1, %d]", count,
                                   input_bytes, kMaxSamples, kMaxSamplesBytes));
  }
  const int64_t needed =
      static_cast<int64_t>(kHeaderBytes + kHashBytes) + count * (4 + input_bytes);
  if (static_cast<int64_t>(bytes.size()) != needed) {
    return invalid(absl::StrFormat("%d B, %d samples of %d B make %d: cut off or damaged",
                                   bytes.size(), count, input_bytes, needed));
  }
  const size_t content = bytes.size() - kHashBytes;
  if (HashOf(bytes.substr(0, content)) != bytes.substr(content)) {
    return invalid("its hash is wrong: damaged");
  }
  Samples samples;
  samples.input_bytes = input_bytes;
  for (int64_t i = 0; i < count; ++i) {
    samples.labels.push_back(
        static_cast<int32_t>(ReadNumber(bytes, kHeaderBytes + static_cast<size_t>(4 * i))));
  }
  samples.inputs.resize(static_cast<size_t>(count * input_bytes));
  std::memcpy(samples.inputs.data(), bytes.data() + kHeaderBytes + 4 * count,
              samples.inputs.size());
  return samples;
}

int32_t Largest(absl::Span<const int8_t> values) {
  return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace boardloop
