// Training presets: a family of networks and a way to train it that fit a kind of data and machine.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/training.pb.h"

namespace boardloop {

struct TrainingPreset {
  std::string name;
  std::string description;  // One line.
  v1::SupernetSpec supernet;
  v1::TrainingSpec training;
};

std::vector<std::string> TrainingPresetNames();

// NOT_FOUND  no such preset; the message lists the names
absl::StatusOr<TrainingPreset> GetTrainingPreset(const std::string& name);

}  // namespace boardloop
