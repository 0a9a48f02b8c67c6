// Labelled inputs as a board gets them: the .bls file (docs/formats/samples.md).
//
// Invariant: `inputs` has labels.size() * input_bytes values, sample by sample.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace boardloop {

inline constexpr int64_t kMaxSamples = 10000;
inline constexpr int64_t kMaxSamplesBytes = int64_t{256} << 20;  // Of a file.

struct Samples {
  int64_t input_bytes = 0;  // Of one sample: int8, in the layout of the model's input (HWC).
  std::vector<int32_t>
      labels;  // Class of each; the position of the largest output, if it is right.
  std::vector<int8_t> inputs;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  absl::Span<const int8_t> input(int64_t index) const {
    return absl::MakeConstSpan(inputs).subspan(static_cast<size_t>(index * input_bytes),
                                               static_cast<size_t>(input_bytes));
  }
};

std::string SerializeSamples(const Samples& samples);

// INVALID_ARGUMENT  not such a file, of another version, cut off, or too large; `source` names it
absl::StatusOr<Samples> ParseSamples(const std::string& bytes, const std::string& source);

// The position of the largest value, the first of equal ones: what counts as a model's answer everywhere.
int32_t Largest(absl::Span<const int8_t> values);

}  // namespace boardloop
