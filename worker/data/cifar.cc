#include "worker/data/cifar.h"

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

constexpr size_t kPlane = size_t{kCifarExtent} * kCifarExtent;

// [3][32][32] to [32][32][3].
void AppendPixels(const char* planes, std::vector<uint8_t>& pixels) {
  for (size_t i = 0; i < kPlane; ++i) {
    for (size_t c = 0; c < 3; ++c) pixels.push_back(static_cast<uint8_t>(planes[c * kPlane + i]));
  }
}

}  // namespace

absl::Status AppendCifar(const std::string& bytes, bool cifar100, const std::string& source,
                         Dataset& dataset) {
  const size_t labels = cifar100 ? 2 : 1;
  const size_t record = labels + 3 * kPlane;
  if (bytes.empty() || bytes.size() % record != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s has %d bytes, no multiple of CIFAR's records of %d", source, bytes.size(), record));
  }
  const size_t classes = cifar100 ? 100 : 10;
  for (size_t at = 0; at < bytes.size(); at += record) {
    const auto label = static_cast<uint8_t>(bytes[at + labels - 1]);
    if (label >= classes) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: record %d has label %d, there are %d classes", source, at / record, label, classes));
    }
    dataset.labels.push_back(label);
    AppendPixels(bytes.data() + at + labels, dataset.pixels);
  }
  return absl::OkStatus();
}

}  // namespace boardloop
