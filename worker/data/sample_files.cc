#include "worker/data/sample_files.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/data/image_folder.h"
#include "core/space/space.h"
#include "worker/data/resize.h"
#include "worker/data/split.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = int64_t{64} << 20;
constexpr size_t kNamesKept = 20;

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::vector<SampleFile> ToSampleFiles(const ImageFolder& folder, const std::string& root) {
  std::vector<SampleFile> files;
  for (const LabelledImage& image : folder.images) {
    files.push_back(
        {image.path, fs::path(image.path).lexically_relative(root).string(), image.label});
  }
  return files;
}

// Files without splits of their own: the test split is what the hash of their names says.
void DivideByHash(std::vector<SampleFile> files, const v1::DatasetSpec& spec, SampleFiles& result) {
  for (SampleFile& file : files) {
    const bool test = HashFallsBelow(file.name, spec.test_fraction(), spec.split_seed());
    (test ? result.test : result.train).push_back(std::move(file));
  }
}

// The names in a list of Speech Commands; none where the list is absent.
absl::StatusOr<std::set<std::string>> ReadNameList(const fs::path& path) {
  std::set<std::string> names;
  const absl::StatusOr<std::string> text = ReadFile(path.string(), kMaxFileBytes);
  if (absl::IsNotFound(text.status())) return names;
  if (!text.ok()) return text.status();
  for (const auto& line : absl::StrSplit(*text, '\n')) {
    const std::string name(absl::StripAsciiWhitespace(line));
    if (!name.empty()) names.insert(name);
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> ListNames(const fs::path& folder, bool folders) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name[0] == '.' || entry->is_directory(ignored) != folders) continue;
    names.push_back(std::move(name));
  }
  if (error == std::errc::no_such_file_or_directory) {
    return absl::NotFoundError(absl::StrCat("there is no folder ", folder.string()));
  }
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot list ", folder.string(), ": ", error.message()));
  }
  std::sort(names.begin(), names.end());  // Whatever order the file system has.
  return names;
}

bool IsWavName(const std::string& name) {
  return absl::AsciiStrToLower(fs::path(name).extension().string()) == ".wav";
}

// Of all images the same: the spec's, or what all of them have.
absl::StatusOr<Shape> CommonShape(const v1::DatasetSpec& spec, const std::vector<Image>& images,
                                  absl::Span<const SampleFile> files) {
  Shape shape{spec.resolution(), spec.resolution(), spec.channels()};
  int32_t most_channels = 1;
  const SampleFile* first = nullptr;
  for (size_t i = 0; i < images.size(); ++i) {
    const Image& image = images[i];
    if (image.pixels.empty()) continue;  // Left out.
    most_channels = std::max(most_channels, image.channels);
    if (first == nullptr && spec.resolution() == 0) shape.height = shape.width = image.height;
    if (first == nullptr) first = &files[i];
    if (image.height != shape.height || image.width != shape.width) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s is %s, %s is %d high: without a resolution all images must be squares of one size",
          files[i].path, image.ShapeString(), first->path, shape.height));
    }
  }
  if (shape.channels == 0) shape.channels = most_channels;
  return shape;
}

class FileDecoder {
 public:
  FileDecoder(const v1::DatasetSpec& spec, absl::Span<const SampleFile> files,
              const SampleDecoder& decoder, const LoadOptions& options)
      : spec_(spec),
        files_(files),
        decoder_(decoder),
        options_(options),
        images_(files.size()),
        errors_(files.size()) {}

  // Every file; a broken one leaves its image empty.
  void Run() {
    ParallelFor(static_cast<int64_t>(files_.size()), options_.threads, [&](int64_t i) {
      absl::StatusOr<Image> image = Decode(files_[i].path);
      if (image.ok()) {
        images_[i] = std::move(*image);
      } else {
        errors_[i] = Annotate(image.status(), files_[i].path);
      }
      if (!options_.progress) return;
      std::lock_guard<std::mutex> lock(mutex_);
      options_.progress(++done_, static_cast<int64_t>(files_.size()));
    });
  }

  std::vector<Image>& images() { return images_; }
  const std::vector<absl::Status>& errors() const { return errors_; }

 private:
  absl::StatusOr<Image> Decode(const std::string& path) const {
    BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxFileBytes));
    BL_ASSIGN_OR_RETURN(Image image, decoder_(bytes));
    if (spec_.resolution() == 0 && std::max(image.height, image.width) > kMaxResolution) {
      return absl::InvalidArgumentError(
          absl::StrFormat("it is %s, at most %d pixels each way are used: give a resolution",
                          image.ShapeString(), kMaxResolution));
    }
    // At once, so that no more than the small images are kept.
    if (spec_.resolution() > 0) image = Resize(image, spec_.resolution(), spec_.resolution());
    if (spec_.channels() > 0) image = ConvertChannels(image, spec_.channels());
    return image;
  }

  const v1::DatasetSpec& spec_;
  absl::Span<const SampleFile> files_;
  const SampleDecoder& decoder_;
  const LoadOptions& options_;
  std::vector<Image> images_;
  std::vector<absl::Status> errors_;
  std::mutex mutex_;
  int64_t done_ = 0;
};

absl::Status CountBroken(const v1::DatasetSpec& spec, const std::vector<absl::Status>& errors,
                         TrainingData& data) {
  for (const absl::Status& error : errors) {
    if (error.ok()) continue;
    if (spec.on_broken() != v1::DatasetSpec::SKIP) return error;
    ++data.skipped;
    if (data.skipped_names.size() < kNamesKept) {
      data.skipped_names.emplace_back(std::string(error.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClassesHaveSamples(const Dataset& dataset) {
  std::vector<int64_t> counts(dataset.classes.size());
  for (const int32_t label : dataset.labels) ++counts[label];
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("class %s has no samples in one of the splits: each class needs some for "
                        "training and some for validation",
                        dataset.classes[c]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SampleFiles> ListImageFiles(const v1::DatasetSpec& spec) {
  const fs::path root = spec.path();
  SampleFiles result;
  if (!IsFolder(root / "train") || !IsFolder(root / "test")) {
    BL_ASSIGN_OR_RETURN(const ImageFolder all, ListImageFolder(spec.path()));
    result.classes = all.classes;
    DivideByHash(ToSampleFiles(all, spec.path()), spec, result);
    return result;
  }
  BL_ASSIGN_OR_RETURN(const ImageFolder train, ListImageFolder((root / "train").string()));
  BL_ASSIGN_OR_RETURN(const ImageFolder test, ListImageFolder((root / "test").string()));
  if (train.classes != test.classes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s/train has %d class folders, test has %d, or their names differ",
                        spec.path(), train.classes.size(), test.classes.size()));
  }
  result.classes = train.classes;
  result.train = ToSampleFiles(train, spec.path());
  result.test = ToSampleFiles(test, spec.path());
  return result;
}

absl::StatusOr<SampleFiles> ListWavFiles(const v1::DatasetSpec& spec) {
  const fs::path root = spec.path();
  BL_ASSIGN_OR_RETURN(const std::set<std::string> validation,
                      ReadNameList(root / "validation_list.txt"));
  BL_ASSIGN_OR_RETURN(const std::set<std::string> test, ReadNameList(root / "testing_list.txt"));
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> folders, ListNames(root, /*folders=*/true));
  SampleFiles result;
  result.has_validation = !validation.empty();
  std::vector<SampleFile> unlisted;
  for (const std::string& folder : folders) {
    if (folder[0] == '_') continue;  // _background_noise_
    BL_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        ListNames(root / folder, /*folders=*/false));
    const auto label = static_cast<int32_t>(result.classes.size());
    result.classes.push_back(folder);
    bool any = false;
    for (const std::string& name : names) {
      if (!IsWavName(name)) continue;
      any = true;
      SampleFile file{(root / folder / name).string(), absl::StrCat(folder, "/", name), label};
      std::vector<SampleFile>& part = test.count(file.name) > 0         ? result.test
                                      : validation.count(file.name) > 0 ? result.validation
                                                                        : unlisted;
      part.push_back(std::move(file));
    }
    if (!any) {
      return absl::InvalidArgumentError(
          absl::StrCat("class folder ", (root / folder).string(), " has no .wav"));
    }
  }
  if (result.classes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has no class folders; recordings are expected as %s/CLASS/FILE.wav",
                        spec.path(), spec.path()));
  }
  if (test.empty()) {
    DivideByHash(std::move(unlisted), spec, result);
  } else {
    result.train = std::move(unlisted);
  }
  return result;
}

absl::StatusOr<Dataset> DecodeFiles(const v1::DatasetSpec& spec,
                                    const std::vector<std::string>& classes,
                                    absl::Span<const SampleFile> files,
                                    const SampleDecoder& decoder, const LoadOptions& options,
                                    TrainingData& data) {
  const int64_t each =
      int64_t{spec.resolution()} * spec.resolution() * (spec.channels() > 0 ? spec.channels() : 3);
  if (each * static_cast<int64_t>(files.size()) > options.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%d samples of %d bytes are more than the %d bytes allowed: a lower resolution or fewer "
        "samples fit",
        files.size(), each, options.max_bytes));
  }
  FileDecoder decoding(spec, files, decoder, options);
  decoding.Run();
  BL_RETURN_IF_ERROR(CountBroken(spec, decoding.errors(), data));
  Dataset dataset;
  dataset.classes = classes;
  BL_ASSIGN_OR_RETURN(dataset.shape, CommonShape(spec, decoding.images(), files));
  dataset.pixels.reserve(files.size() * static_cast<size_t>(dataset.shape.elements()));
  for (size_t i = 0; i < files.size(); ++i) {
    Image image = std::move(decoding.images()[i]);
    if (image.pixels.empty()) continue;
    image = ConvertChannels(image, dataset.shape.channels);
    dataset.pixels.insert(dataset.pixels.end(), image.pixels.begin(), image.pixels.end());
    dataset.labels.push_back(files[i].label);
  }
  BL_RETURN_IF_ERROR(CheckClassesHaveSamples(dataset));
  return dataset;
}

}  // namespace boardloop
