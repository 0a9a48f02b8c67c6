// A training run from where it stands to its end: steps, checkpoints, looks at the accuracy, progress.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/torch/score.h"
#include "worker/torch/trainer.h"

namespace boardloop {

// Validation top-1 of some subnets with the weights as they are.
struct Accuracy {
  double largest = 0;
  std::optional<double> smallest;  // Not for recipe SINGLE.
  std::vector<double> random;      // Of subnets drawn once for the run.
  int64_t images = 0;
};

struct TrainReport {
  std::string phase;
  int64_t step = 0, steps = 0;  // Steps done, and of all.
  double loss = 0;              // Mean since the last report.
  double rate = 0;              // Learning rate of the next step.
  double images_per_second = 0;
  double seconds = 0;       // Of training, with those before a resume.
  double seconds_left = 0;  // If it goes on at this speed.
  std::optional<Accuracy> accuracy;
};

struct TrainRunOptions {
  std::string checkpoint_path;  // Empty: nothing is written.
  absl::Duration checkpoint_interval = absl::Seconds(30);
  absl::Duration report_interval = absl::Seconds(2);
  absl::Duration accuracy_interval = absl::Seconds(30);  // Infinite: only at the end.
  int64_t accuracy_images = 2000;                        // In between; the end uses all.
  int random_subnets = 4;                                // In the accuracy.
  ScoreOptions score;                                    // Threads, and calibration at the end.
  // All may be empty. Cancelled is asked at every step; `checkpoint_written` follows each checkpoint.
  std::function<void(const TrainReport&)> report;
  std::function<void()> checkpoint_written;
  std::function<bool()> cancelled;
};

// Runs `trainer` to its end. Its reports, accuracies and checkpoints are made by process 0 of a group.
//
// CANCELLED     asked to stop; a checkpoint has been written
// Others as Trainer::Step and WriteCheckpoint: the file at `checkpoint_path` is then the last good one.
absl::StatusOr<TrainReport> RunTraining(Trainer& trainer, const DeviceData& train,
                                        const DeviceData& validation,
                                        const TrainRunOptions& options);

}  // namespace boardloop
