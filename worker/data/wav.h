// WAV files as samples, through libsndfile.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

// One channel, the mean of those in the file, in [-1, 1]. At most `max_samples` are read.
//
// INVALID_ARGUMENT  not a WAV file, cut off, or another rate than `sample_rate_hz`; the message has both
absl::StatusOr<std::vector<float>> DecodeWav(const std::string& bytes, int32_t sample_rate_hz,
                                             int64_t max_samples);

}  // namespace boardloop
