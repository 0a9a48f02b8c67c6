// CompleteSpec, LoadTrainingData and LoadTestData (dataset.h): what the layouts have in common.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/presets/check_training.h"
#include "core/space/space.h"
#include "worker/data/cifar.h"
#include "worker/data/dataset.h"
#include "worker/data/idx.h"
#include "worker/data/log_mel.h"
#include "worker/data/resize.h"
#include "worker/data/sample_files.h"
#include "worker/data/split.h"
#include "worker/data/wav.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = int64_t{4} << 30;
constexpr double kDefaultValidation = 1.0 / 6, kDefaultTest = 0.1;

absl::Status CheckRange(const char* field, double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", must be in [", low, ", ", high, "]"));
}

// The first of the names that exists in the folder, read.
absl::StatusOr<std::string> ReadFirst(const std::string& folder,
                                      const std::vector<std::string>& names, std::string& found) {
  for (const std::string& name : names) {
    found = (fs::path(folder) / name).string();
    absl::StatusOr<std::string> bytes = ReadFile(found, kMaxFileBytes);
    if (bytes.ok() || !absl::IsNotFound(bytes.status())) return bytes;
  }
  return absl::NotFoundError(absl::StrCat(folder, " has none of ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<IdxArray> ReadIdx(const std::string& folder, const std::string& name,
                                 size_t dimensions) {
  std::string found;
  BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFirst(folder, {name, name + ".gz"}, found));
  return ParseIdx(bytes, dimensions, found);
}

// Class names of data sets that number theirs.
std::vector<std::string> NumberedClasses(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(absl::StrCat(i));
  return names;
}

// `part` is "train" or "t10k". Classes are those of the labels; `least_classes` where the training split has more.
absl::StatusOr<Dataset> ReadIdxPart(const std::string& folder, const std::string& part,
                                    int64_t least_classes) {
  BL_ASSIGN_OR_RETURN(IdxArray images, ReadIdx(folder, part + "-images-idx3-ubyte", 3));
  BL_ASSIGN_OR_RETURN(const IdxArray labels, ReadIdx(folder, part + "-labels-idx1-ubyte", 1));
  if (images.shape[0] != labels.shape[0] || images.shape[0] == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("%s has %d %s images and %d labels", folder,
                                                      images.shape[0], part, labels.shape[0]));
  }
  for (const int axis : {1, 2}) {
    if (images.shape[axis] < 1 || images.shape[axis] > kMaxResolution) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: images of %d x %d pixels", folder,
                                                        images.shape[1], images.shape[2]));
    }
  }
  Dataset dataset;
  dataset.shape = {static_cast<int32_t>(images.shape[1]), static_cast<int32_t>(images.shape[2]), 1};
  dataset.pixels.assign(images.values.begin(), images.values.end());
  int64_t classes = least_classes;
  for (const char label : labels.values) {
    dataset.labels.push_back(static_cast<uint8_t>(label));
    classes = std::max<int64_t>(classes, dataset.labels.back() + 1);
  }
  if (least_classes > 0 && classes > least_classes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: a %s label is %d, the training labels are below %d", folder, part,
                        classes - 1, least_classes));
  }
  dataset.classes = NumberedClasses(classes);
  return dataset;
}

bool IsCifar100(const v1::DatasetSpec& spec) {
  std::error_code ignored;
  return fs::exists(fs::path(spec.path()) / "train.bin", ignored);
}

absl::StatusOr<std::vector<std::string>> CifarClasses(const v1::DatasetSpec& spec) {
  const bool cifar100 = IsCifar100(spec);
  std::string found;
  const absl::StatusOr<std::string> text =
      ReadFirst(spec.path(), {cifar100 ? "fine_label_names.txt" : "batches.meta.txt"}, found);
  if (absl::IsNotFound(text.status())) return NumberedClasses(cifar100 ? 100 : 10);
  if (!text.ok()) return text.status();
  std::vector<std::string> names;
  for (const auto& line : absl::StrSplit(*text, '\n')) {
    const std::string name(absl::StripAsciiWhitespace(line));
    if (!name.empty()) names.push_back(name);
  }
  const size_t expected = cifar100 ? 100 : 10;
  if (names.size() == expected) return names;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has %d names, must be %d", found, names.size(), expected));
}

absl::StatusOr<Dataset> ReadCifar(const v1::DatasetSpec& spec, bool test) {
  const bool cifar100 = IsCifar100(spec);
  std::vector<std::string> files;
  if (cifar100) {
    files = {test ? "test.bin" : "train.bin"};
  } else if (test) {
    files = {"test_batch.bin"};
  } else {
    for (int i = 1; i <= 5; ++i) files.push_back(absl::StrFormat("data_batch_%d.bin", i));
  }
  Dataset dataset;
  dataset.shape = {kCifarExtent, kCifarExtent, 3};
  BL_ASSIGN_OR_RETURN(dataset.classes, CifarClasses(spec));
  for (const std::string& file : files) {
    std::string found;
    BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFirst(spec.path(), {file}, found));
    BL_RETURN_IF_ERROR(AppendCifar(bytes, cifar100, found, dataset));
  }
  return dataset;
}

// A data set that was read whole, brought to the spec's resolution and channels.
absl::StatusOr<Dataset> Fit(Dataset dataset, const v1::DatasetSpec& spec,
                            const LoadOptions& options) {
  Shape shape = dataset.shape;
  if (spec.resolution() > 0) shape.height = shape.width = spec.resolution();
  if (spec.channels() > 0) shape.channels = spec.channels();
  if (shape == dataset.shape) return dataset;
  if (shape.elements() * dataset.size() > options.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d samples of %s are more than the %d bytes allowed", dataset.size(),
                        shape.ToString(), options.max_bytes));
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.elements() * dataset.size()));
  ParallelFor(dataset.size(), options.threads, [&](int64_t i) {
    Image image;
    image.height = dataset.shape.height;
    image.width = dataset.shape.width;
    image.channels = dataset.shape.channels;
    const auto begin = dataset.pixels.begin() + i * dataset.shape.elements();
    image.pixels.assign(begin, begin + dataset.shape.elements());
    image = ConvertChannels(Resize(image, shape.height, shape.width), shape.channels);
    std::copy(image.pixels.begin(), image.pixels.end(), pixels.begin() + i * shape.elements());
  });
  dataset.shape = shape;
  dataset.pixels = std::move(pixels);
  return dataset;
}

absl::Status CheckClasses(const v1::DatasetSpec& spec, const Dataset& dataset) {
  if (dataset.classes.size() >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has one class, \"%s\": a network learns to tell two or more apart",
                      spec.path(), absl::StrJoin(dataset.classes, "")));
}

absl::Status CheckShape(const Dataset& dataset) {
  const Shape& shape = dataset.shape;
  if (shape.height == shape.width && shape.height >= kMinResolution &&
      shape.height <= kMaxResolution) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("the images are %s; a network needs squares of %d to %d pixels: give a "
                      "resolution",
                      shape.ToString(), kMinResolution, kMaxResolution));
}

bool IsFolderKind(const v1::DatasetSpec& spec) {
  return spec.kind() == v1::DatasetSpec::IMAGE_FOLDER || spec.kind() == v1::DatasetSpec::WAV_FOLDER;
}

absl::StatusOr<SampleFiles> ListFiles(const v1::DatasetSpec& spec) {
  if (spec.kind() == v1::DatasetSpec::IMAGE_FOLDER) return ListImageFiles(spec);
  return ListWavFiles(spec);
}

SampleDecoder DecoderOf(const v1::DatasetSpec& spec) {
  if (spec.kind() == v1::DatasetSpec::IMAGE_FOLDER) return DecodeImage;
  const auto features = std::make_shared<const LogMel>(spec.audio(), spec.resolution());
  const int32_t rate = spec.audio().sample_rate_hz();
  return [features, rate](const std::string& bytes) -> absl::StatusOr<Image> {
    BL_ASSIGN_OR_RETURN(const std::vector<float> recording,
                        DecodeWav(bytes, rate, features->samples()));
    return features->Compute(recording);
  };
}

absl::Status HoldOutValidation(const v1::DatasetSpec& spec, Dataset all, TrainingData& data) {
  BL_ASSIGN_OR_RETURN(
      const std::vector<bool> held_out,
      HoldOut(all.labels, all.classes, spec.validation_fraction(), spec.split_seed()));
  Divide(std::move(all), held_out, data.train, data.validation);
  return absl::OkStatus();
}

absl::StatusOr<TrainingData> LoadTrainingFiles(const v1::DatasetSpec& spec,
                                               const LoadOptions& options) {
  TrainingData data;
  BL_ASSIGN_OR_RETURN(const SampleFiles files, ListFiles(spec));
  const SampleDecoder decoder = DecoderOf(spec);
  BL_ASSIGN_OR_RETURN(Dataset train,
                      DecodeFiles(spec, files.classes, files.train, decoder, options, data));
  if (!files.has_validation) {
    BL_RETURN_IF_ERROR(HoldOutValidation(spec, std::move(train), data));
    return data;
  }
  data.train = std::move(train);
  BL_ASSIGN_OR_RETURN(data.validation,
                      DecodeFiles(spec, files.classes, files.validation, decoder, options, data));
  return data;
}

}  // namespace

absl::StatusOr<v1::DatasetSpec> CompleteSpec(const v1::DatasetSpec& spec) {
  v1::DatasetSpec complete = spec;
  if (spec.path().empty()) return absl::InvalidArgumentError("the data set has no path");
  if (spec.kind() == v1::DatasetSpec::KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("the data set has no kind");
  }
  if (spec.resolution() != 0) {
    BL_RETURN_IF_ERROR(CheckRange("resolution", spec.resolution(), kMinResolution, kMaxResolution));
  }
  if (spec.channels() != 0 && spec.channels() != 1 && spec.channels() != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("channels is ", spec.channels(), ", must be 1 or 3"));
  }
  if (spec.validation_fraction() == 0) complete.set_validation_fraction(kDefaultValidation);
  if (spec.test_fraction() == 0) complete.set_test_fraction(kDefaultTest);
  for (const double fraction : {complete.validation_fraction(), complete.test_fraction()}) {
    if (fraction > 0 && fraction <= 0.5) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("a share of held out samples is ", fraction, ", must be in (0, 0.5]"));
  }
  if (spec.kind() == v1::DatasetSpec::WAV_FOLDER) {
    BL_ASSIGN_OR_RETURN(*complete.mutable_audio(), CompleteAudio(spec.audio(), "audio"));
    if (spec.channels() == 3 || spec.resolution() == 0) {
      return absl::InvalidArgumentError(
          "a spectrogram has 1 channel, and needs a resolution: so many frames and mel bands");
    }
  }
  return complete;
}

absl::StatusOr<TrainingData> LoadTrainingData(const v1::DatasetSpec& spec,
                                              const LoadOptions& options) {
  BL_ASSIGN_OR_RETURN(const v1::DatasetSpec complete, CompleteSpec(spec));
  TrainingData data;
  if (IsFolderKind(complete)) {
    BL_ASSIGN_OR_RETURN(data, LoadTrainingFiles(complete, options));
  } else {
    absl::StatusOr<Dataset> all = complete.kind() == v1::DatasetSpec::IDX
                                      ? ReadIdxPart(complete.path(), "train", 0)
                                      : ReadCifar(complete, /*test=*/false);
    if (!all.ok()) return all.status();
    BL_ASSIGN_OR_RETURN(Dataset fitted, Fit(std::move(*all), complete, options));
    BL_RETURN_IF_ERROR(HoldOutValidation(complete, std::move(fitted), data));
  }
  BL_RETURN_IF_ERROR(CheckClasses(complete, data.train));
  BL_RETURN_IF_ERROR(CheckShape(data.train));
  MixClasses(complete.split_seed(), data.train);
  MixClasses(complete.split_seed(), data.validation);
  return data;
}

namespace {

absl::StatusOr<Dataset> ReadTestData(const v1::DatasetSpec& complete, const LoadOptions& options) {
  if (IsFolderKind(complete)) {
    BL_ASSIGN_OR_RETURN(const SampleFiles files, ListFiles(complete));
    TrainingData skipped;
    return DecodeFiles(complete, files.classes, files.test, DecoderOf(complete), options, skipped);
  }
  if (complete.kind() == v1::DatasetSpec::CIFAR_BINARY) {
    BL_ASSIGN_OR_RETURN(Dataset test, ReadCifar(complete, /*test=*/true));
    return Fit(std::move(test), complete, options);
  }
  // The training labels say how many classes there are.
  BL_ASSIGN_OR_RETURN(const IdxArray labels,
                      ReadIdx(complete.path(), "train-labels-idx1-ubyte", 1));
  int64_t classes = 0;
  for (const char label : labels.values) {
    classes = std::max<int64_t>(classes, static_cast<uint8_t>(label) + 1);
  }
  BL_ASSIGN_OR_RETURN(Dataset test, ReadIdxPart(complete.path(), "t10k", classes));
  return Fit(std::move(test), complete, options);
}

}  // namespace

absl::StatusOr<Dataset> LoadTestData(const v1::DatasetSpec& spec, const LoadOptions& options) {
  BL_ASSIGN_OR_RETURN(const v1::DatasetSpec complete, CompleteSpec(spec));
  BL_ASSIGN_OR_RETURN(Dataset test, ReadTestData(complete, options));
  MixClasses(complete.split_seed(), test);
  return test;
}

}  // namespace boardloop
