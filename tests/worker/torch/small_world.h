// A small family of networks and an easy data set, so that tests of training take moments.
#pragma once

#include <cstdint>

#include "boardloop/v1/training.pb.h"
#include "worker/data/dataset.h"
#include "worker/torch/checkpoint.h"

namespace boardloop {

inline constexpr int32_t kSmallResolution = 12;
inline constexpr int32_t kSmallClasses = 4;

// Two elastic stages with every kernel size, grey 12 x 12 images, four classes.
v1::SupernetSpec SmallSupernet();

// Sandwich, batches of 16 = 2 micro-batches of 8.
v1::TrainingSpec SmallTraining();

// The header of a run of both.
Checkpoint SmallStart(int64_t train_samples);

// Noise with a bright square in the quadrant that the label names.
Dataset Quadrants(int64_t count, uint64_t seed);

}  // namespace boardloop
