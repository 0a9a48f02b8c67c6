#include "tests/worker/torch/small_world.h"

#include "core/base/random.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr char kSpace[] = R"({
  "name": "small", "stem_width": 8, "stem_kernel_size": 3, "stem_stride": 1,
  "first_block_width": 8, "first_block_kernel_size": 3,
  "stages": [
    {"width": 8, "stride": 2, "depths": [1, 2], "kernel_sizes": [3, 5, 7], "expand_ratios": [2, 3]},
    {"width": 16, "stride": 2, "depths": [1, 2], "kernel_sizes": [3, 5, 7], "expand_ratios": [2, 3]}
  ],
  "width_divisor": 8, "width_mults": [1.0], "resolutions": [12], "classes": 4, "input_channels": 1
})";

}  // namespace

v1::SupernetSpec SmallSupernet() {
  v1::SupernetSpec supernet;
  *supernet.mutable_space() = ParseSpace(kSpace, "small").value();
  supernet.set_width_mult(1);
  supernet.set_resolution(kSmallResolution);
  supernet.set_classes(kSmallClasses);
  supernet.set_input_channels(1);
  return supernet;
}

v1::TrainingSpec SmallTraining() {
  v1::TrainingSpec training;
  training.set_recipe(v1::TrainingSpec::SANDWICH);
  training.set_epochs(1);
  training.set_batch_size(16);
  training.set_micro_batch_size(8);
  training.set_random_subnets(1);
  training.set_peak_rate(0.2);
  training.set_momentum(0.9);
  training.set_weight_decay(1e-4);
  training.set_seed(1);
  return training;
}

Checkpoint SmallStart(int64_t train_samples) {
  Checkpoint start;
  *start.header.mutable_supernet() = SmallSupernet();
  *start.header.mutable_training() = SmallTraining();
  for (const char* name : {"a", "b", "c", "d"}) start.header.add_classes(name);
  start.header.set_train_samples(train_samples);
  return start;
}

Dataset Quadrants(int64_t count, uint64_t seed) {
  Dataset data;
  data.shape = {kSmallResolution, kSmallResolution, 1};
  data.classes = {"a", "b", "c", "d"};
  Random random(seed);
  for (int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<int32_t>(random.Below(kSmallClasses));
    data.labels.push_back(label);
    for (int32_t y = 0; y < kSmallResolution; ++y) {
      for (int32_t x = 0; x < kSmallResolution; ++x) {
        const bool inside = (y < 6) == (label < 2) && (x < 6) == (label % 2 == 0);
        const bool square = inside && y % 6 > 0 && y % 6 < 5 && x % 6 > 0 && x % 6 < 5;
        data.pixels.push_back(static_cast<uint8_t>(random.Below(90) + (square ? 120 : 0)));
      }
    }
  }
  return data;
}

}  // namespace boardloop
