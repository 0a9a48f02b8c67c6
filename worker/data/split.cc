#include "worker/data/split.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/hash.h"
#include "core/base/random.h"

namespace boardloop {

absl::StatusOr<std::vector<bool>> HoldOut(absl::Span<const int32_t> labels,
                                          const std::vector<std::string>& classes, double fraction,
                                          uint64_t seed) {
  std::vector<std::vector<size_t>> samples(classes.size());
  for (size_t i = 0; i < labels.size(); ++i) samples[labels[i]].push_back(i);
  std::vector<bool> held_out(labels.size(), false);
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<size_t>& of_class = samples[c];
    if (of_class.size() < 2) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "class %s has %d samples for training and validation, at least 2 are needed", classes[c],
          of_class.size()));
    }
    const auto count = std::clamp<size_t>(
        std::llround(fraction * static_cast<double>(of_class.size())), 1, of_class.size() - 1);
    Random random = Random::ForItem(seed, c);
    for (size_t i = 0; i < count; ++i) {
      std::swap(of_class[i], of_class[i + random.Below(of_class.size() - i)]);
      held_out[of_class[i]] = true;
    }
  }
  return held_out;
}

bool HashFallsBelow(const std::string& name, double fraction, uint64_t seed) {
  const Hash128 hash = HashBytes(absl::StrCat(seed, "/", name));
  return static_cast<double>(hash.high >> 11) * 0x1p-53 < fraction;
}

void Divide(Dataset all, const std::vector<bool>& held_out, Dataset& train, Dataset& validation) {
  const int64_t bytes = all.shape.elements();
  for (Dataset* part : {&train, &validation}) {
    part->shape = all.shape;
    part->classes = all.classes;
  }
  const auto held = std::count(held_out.begin(), held_out.end(), true);
  validation.pixels.reserve(held * bytes);
  train.pixels.reserve((all.size() - held) * bytes);
  for (int64_t i = 0; i < all.size(); ++i) {
    Dataset& part = held_out[i] ? validation : train;
    const auto begin = all.pixels.begin() + i * bytes;
    part.pixels.insert(part.pixels.end(), begin, begin + bytes);
    part.labels.push_back(all.labels[i]);
  }
}

void MixClasses(uint64_t seed, Dataset& dataset) {
  if (!std::is_sorted(dataset.labels.begin(), dataset.labels.end())) return;
  Random random(seed);
  const int64_t bytes = dataset.shape.elements();
  // Fisher and Yates, in place: there may be gigabytes.
  for (int64_t i = dataset.size() - 1; i > 0; --i) {
    const auto other = static_cast<int64_t>(random.Below(static_cast<uint64_t>(i) + 1));
    if (other == i) continue;
    std::swap(dataset.labels[i], dataset.labels[other]);
    const auto pixels = dataset.pixels.begin();
    std::swap_ranges(pixels + i * bytes, pixels + (i + 1) * bytes, pixels + other * bytes);
  }
}

}  // namespace boardloop
