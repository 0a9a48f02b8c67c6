// Labelled samples in memory, and how they are read from disk.
//
// Every sample is an image of bytes. A network sees byte / 255 in training and byte - 128 as int8 on a
// board (kInputScale, kInputZeroPoint): the two are the same number, so nothing is lost between them.
//
// Invariants:
//   (1) `pixels` has size() * shape.elements() bytes, sample by sample, HWC order.
//   (2) `labels` has size() entries in [0, classes.size()).
//   (3) Splits are disjoint, and a function of the files and the spec alone: not of threads, nor of the
//       order in which a file system lists them.
//   (4) The first so many samples of a split are of all classes: what looks at a part of it (a search's scores) takes those.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/dataset.pb.h"
#include "core/graph/graph.h"

namespace boardloop {

// real = kInputScale * (q - kInputZeroPoint), q = byte - 128.
inline constexpr float kInputScale = 1.0f / 255.0f;
inline constexpr int32_t kInputZeroPoint = -128;

struct Dataset {
  Shape shape;                  // Of one sample.
  std::vector<uint8_t> pixels;  // [sample][height][width][channels]
  std::vector<int32_t> labels;
  std::vector<std::string> classes;  // Names, in the order of a model's outputs.

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

struct TrainingData {
  Dataset train;
  Dataset validation;
  int64_t skipped = 0;                     // Broken files left out (OnBroken::SKIP).
  std::vector<std::string> skipped_names;  // The first 20 of them.
};

struct LoadOptions {
  int threads = 1;
  // Of decoded samples, both splits together. The limit is checked before anything is allocated.
  int64_t max_bytes = int64_t{8} << 30;
  // Called with the number of files read and of all, one call at a time. May be empty.
  std::function<void(int64_t done, int64_t total)> progress;
};

// Defaults filled in; INVALID_ARGUMENT names the field.
absl::StatusOr<v1::DatasetSpec> CompleteSpec(const v1::DatasetSpec& spec);

// Training and validation splits. Never reads a test file.
//
// NOT_FOUND           the folder or a file that the layout needs is absent; the message lists what was
//                     looked for
// INVALID_ARGUMENT    a broken file (named), a class without samples, labels out of range, fewer than two
//                     samples of a class, so that it cannot be in both splits
// RESOURCE_EXHAUSTED  above `max_bytes`; the message has both
absl::StatusOr<TrainingData> LoadTrainingData(const v1::DatasetSpec& spec,
                                              const LoadOptions& options);

// The test split: read once, for the report. Classes as those of LoadTrainingData.
absl::StatusOr<Dataset> LoadTestData(const v1::DatasetSpec& spec, const LoadOptions& options);

}  // namespace boardloop
