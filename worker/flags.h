// Flags that the worker's commands share. Each group adds its flags to a command and turns what was given
// into what the libraries take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "boardloop/v1/dataset.pb.h"
#include "boardloop/v1/training.pb.h"
#include "worker/data/dataset.h"
#include "worker/torch/device_data.h"

namespace boardloop {

// --data, --data-kind, --validation, --split-seed, ...
struct DataFlags {
  std::string path;
  std::string kind = "auto";
  std::optional<int32_t> channels;
  double validation = 0;
  uint64_t split_seed = 0;
  bool skip_broken = false;
  v1::AudioFeatures audio;
};
void AddDataFlags(CLI::App& command, DataFlags& flags);

// Of `defaults` (a checkpoint's data set) where nothing was said, else Debian's Fashion-MNIST.
//
// INVALID_ARGUMENT  a folder whose layout is not recognized
absl::StatusOr<v1::DatasetSpec> DatasetFromFlags(const DataFlags& flags, int32_t resolution,
                                                 const v1::DatasetSpec& defaults);

// --device auto|cpu|cuda, --threads
struct DeviceFlags {
  std::string device = "auto";
  int32_t threads = 1;
};
void AddDeviceFlags(CLI::App& command, DeviceFlags& flags);

// FAILED_PRECONDITION  cuda was asked for and there is none
absl::StatusOr<ComputeDevice> DeviceFromFlags(const DeviceFlags& flags, int local_rank = 0);

// --preset and a flag for each number of it: a flag given overrides the preset.
struct TrainingFlags {
  std::string preset = "quick";
  std::string space;
  std::optional<double> width_mult, epochs, peak_rate, warmup_epochs, weight_decay, label_smoothing,
      ema_decay, brightness, saturation, mixup_alpha;
  std::optional<int32_t> resolution, batch_size, micro_batch_size, random_subnets, crop_padding,
      cutout;
  std::optional<bool> flip;
  std::string recipe;
  uint64_t seed = 1;
};
// `single`: for one network; the flags of the family and the recipe are left out.
void AddTrainingFlags(CLI::App& command, TrainingFlags& flags, bool single);

// Fills in the specs of the preset as the flags say.
absl::Status TrainingFromFlags(const TrainingFlags& flags, v1::SupernetSpec& supernet,
                               v1::TrainingSpec& training);

// "mcunet", "ofa", "sandwich", "single"
const char* RecipeName(v1::TrainingSpec::Recipe recipe);

// Both splits, on standard error what was left out. Sets the classes and channels of `supernet` where it has
// none, and refuses others than the data set's.
absl::StatusOr<TrainingData> LoadForTraining(const v1::DatasetSpec& spec, int threads,
                                             v1::SupernetSpec& supernet);

// Sets what `supernet` leaves to the data set.
//
// INVALID_ARGUMENT  it is for other classes or channels
absl::Status FitSupernet(const v1::DatasetSpec& spec, size_t classes, int32_t channels,
                         v1::SupernetSpec& supernet);

}  // namespace boardloop
