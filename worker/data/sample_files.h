// Data sets of one file per sample: which files there are, in which split, and their decoding in parallel.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/data/image.h"
#include "worker/data/dataset.h"

namespace boardloop {

struct SampleFile {
  std::string path;
  std::string name;  // Relative to the data set's folder.
  int32_t label = 0;
};

struct SampleFiles {
  std::vector<std::string> classes;
  std::vector<SampleFile> train, validation, test;
  bool has_validation = false;  // The layout names the validation split.
};

// Lists an IMAGE_FOLDER or WAV_FOLDER. Errors as ListImageFolder.
absl::StatusOr<SampleFiles> ListImageFiles(const v1::DatasetSpec& spec);
absl::StatusOr<SampleFiles> ListWavFiles(const v1::DatasetSpec& spec);

// From a file's bytes to an image; called by several threads at once.
using SampleDecoder = std::function<absl::StatusOr<Image>(const std::string& bytes)>;

// Decodes `files` into one data set, in their order, as the spec's resolution, channels and on_broken say.
// What is left out is counted and named in `data`. A class that has no sample left is refused.
absl::StatusOr<Dataset> DecodeFiles(const v1::DatasetSpec& spec,
                                    const std::vector<std::string>& classes,
                                    absl::Span<const SampleFile> files,
                                    const SampleDecoder& decoder, const LoadOptions& options,
                                    TrainingData& data);

}  // namespace boardloop
