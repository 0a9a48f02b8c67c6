// What a training, and sound to train on, may be asked for: the ranges that training.proto and dataset.proto document. The coordinator
// asks before it takes a search, and the worker before it trains, so that what the one takes the other does not refuse hours later.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/dataset.pb.h"
#include "boardloop/v1/training.pb.h"

namespace boardloop {

// Ranges that hold in any recipe; which recipe it is, is not asked.
// `path` goes before every field in messages: "supernet_training", or empty.
//
// INVALID_ARGUMENT  names the field ("supernet_training.epochs is 0, must be in (0, 10000]")
absl::Status CheckTraining(const v1::TrainingSpec& training, const std::string& path);

// With the documented defaults in the place of zeros.
//
// INVALID_ARGUMENT  names the field that is out of range
absl::StatusOr<v1::AudioFeatures> CompleteAudio(v1::AudioFeatures audio, const std::string& path);

}  // namespace boardloop
