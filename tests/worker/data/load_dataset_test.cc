#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"
#include "worker/data/dataset.h"

namespace boardloop {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::DatasetSpec Spec(v1::DatasetSpec::Kind kind, const std::string& path) {
  v1::DatasetSpec spec;
  spec.set_kind(kind);
  spec.set_path(path);
  return spec;
}

// 12 training and 4 test images of 8 x 8, labels 0 to 3 in turn; image i is flat with value i.
std::string IdxFolder() {
  std::string folder = NewFolder();
  const auto write = [&](const std::string& part, uint32_t count) {
    std::string pixels, labels;
    for (uint32_t i = 0; i < count; ++i) {
      pixels += std::string(64, static_cast<char>(i));
      labels.push_back(static_cast<char>(i % 4));
    }
    WriteIn(folder, part + "-images-idx3-ubyte.gz", GzipBytes(IdxBytes({count, 8, 8}, pixels)));
    WriteIn(folder, part + "-labels-idx1-ubyte", IdxBytes({count}, labels));
  };
  write("train", 12);
  write("t10k", 4);
  return folder;
}

// Classes a and b with ten PNGs each, of their own grey values.
void WriteImages(const std::string& folder) {
  for (const char* name : {"a", "b"}) {
    for (int i = 0; i < 10; ++i) {
      WriteIn(folder, std::string(name) + "/" + std::to_string(i) + ".png",
              PngBytes(FlatImage(16, 16, 1, static_cast<uint8_t>(name[0] + i))));
    }
  }
}

TEST(LoadDatasetTest, IdxIsDividedByClass) {
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IDX, IdxFolder());
  spec.set_validation_fraction(0.34);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->train.size(), 8);
  EXPECT_EQ(data->validation.size(), 4);
  EXPECT_THAT(data->train.classes, ElementsAre("0", "1", "2", "3"));
  std::vector<int32_t> labels = data->validation.labels;
  std::sort(labels.begin(), labels.end());
  EXPECT_THAT(labels, ElementsAre(0, 1, 2, 3));
  // Image i has value i and label i % 4: pairs have stayed together, and no image is in both.
  std::vector<uint8_t> seen;
  for (const Dataset* part : {&data->train, &data->validation}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      seen.push_back(part->pixels[i * 64]);
      EXPECT_EQ(seen.back() % 4, part->labels[i]);
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_TRUE(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST(LoadDatasetTest, TheTestSplitIsReadByItself) {
  const absl::StatusOr<Dataset> test = LoadTestData(Spec(v1::DatasetSpec::IDX, IdxFolder()), {});
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->size(), 4);
  EXPECT_EQ(test->classes.size(), 4);
}

TEST(LoadDatasetTest, TrainingNeverOpensTestFiles) {
  const std::string folder = IdxFolder();
  std::filesystem::remove(folder + "/t10k-images-idx3-ubyte.gz");
  std::filesystem::remove(folder + "/t10k-labels-idx1-ubyte");
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::IDX, folder), {}), IsOk());
}

TEST(LoadDatasetTest, ResolutionAndChannelsAreMade) {
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IDX, IdxFolder());
  spec.set_resolution(12);
  spec.set_channels(3);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->train.shape, (Shape{12, 12, 3}));
  EXPECT_EQ(data->train.pixels.size(), data->train.size() * 432);
}

TEST(LoadDatasetTest, MissingFilesAreListed) {
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::IDX, NewFolder()), {}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("none of train-images-idx3-ubyte, train-images-idx3-ubyte.gz")));
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::IMAGE_FOLDER, "/no/such/folder"), {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder")));
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::CIFAR_BINARY, NewFolder()), {}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("data_batch_1.bin")));
}

TEST(LoadDatasetTest, CountsThatDifferAndForeignLabelsAreTold) {
  const std::string folder = IdxFolder();
  WriteIn(folder, "train-labels-idx1-ubyte", IdxBytes({3}, std::string("\0\1\2", 3)));
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::IDX, folder), {}),
              StatusIs(kInvalid, HasSubstr("12 train images and 3 labels")));
  const std::string other = IdxFolder();
  WriteIn(other, "t10k-labels-idx1-ubyte", IdxBytes({4}, std::string("\0\1\2\x09", 4)));
  EXPECT_THAT(LoadTestData(Spec(v1::DatasetSpec::IDX, other), {}),
              StatusIs(kInvalid, HasSubstr("a t10k label is 9")));
}

TEST(LoadDatasetTest, TinyImagesNeedAResolution) {
  const std::string folder = NewFolder();
  WriteIn(folder, "train-images-idx3-ubyte", IdxBytes({4, 1, 1}, "abcd"));
  WriteIn(folder, "train-labels-idx1-ubyte", IdxBytes({4}, std::string("\0\0\1\1", 4)));
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IDX, folder);
  EXPECT_THAT(LoadTrainingData(spec, {}), StatusIs(kInvalid, HasSubstr("give a resolution")));
  spec.set_resolution(8);
  EXPECT_THAT(LoadTrainingData(spec, {}), IsOk());
}

TEST(LoadDatasetTest, ImageFoldersAreTheSameForAnyNumberOfThreads) {
  const std::string folder = NewFolder();
  WriteImages(folder + "/train");
  WriteImages(folder + "/test");
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  spec.set_resolution(8);
  LoadOptions options;
  const TrainingData one = LoadTrainingData(spec, options).value();
  options.threads = 4;
  int64_t files = 0;
  options.progress = [&](int64_t done, int64_t) { files = std::max(files, done); };
  const TrainingData four = LoadTrainingData(spec, options).value();
  EXPECT_EQ(one.train.pixels, four.train.pixels);
  EXPECT_EQ(one.train.labels, four.train.labels);
  EXPECT_EQ(one.validation.pixels, four.validation.pixels);
  EXPECT_THAT(one.train.classes, ElementsAre("a", "b"));
  EXPECT_EQ(files, 20);
  EXPECT_EQ(LoadTestData(spec, options)->size(), 20);
}

// A search scores on the first so many: of a folder they were all of its first classes.
TEST(LoadDatasetTest, TheFirstSamplesOfAFolderAreOfAllClasses) {
  const std::string folder = NewFolder();
  for (int i = 0; i < 120; ++i) {
    for (const char* part : {"train", "test"}) {
      WriteIn(folder, absl::StrFormat("%s/%c/%d.png", part, 'a' + i % 4, i),
              PngBytes(FlatImage(16, 16, 1, i % 4)));
    }
  }
  const v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  const TrainingData data = LoadTrainingData(spec, {}).value();
  const Dataset test = LoadTestData(spec, {}).value();
  for (const Dataset* split : {&data.train, &data.validation, &test}) {
    const auto half = split->labels.begin() + split->size() / 2;
    EXPECT_THAT(std::set<int32_t>(split->labels.begin(), half), ElementsAre(0, 1, 2, 3));
    const int64_t bytes = split->shape.elements();
    for (int64_t i = 0; i < split->size(); ++i) {
      EXPECT_EQ(split->pixels[i * bytes], split->labels[i]) << "images move with their labels";
      EXPECT_EQ(split->pixels[(i + 1) * bytes - 1], split->labels[i]);
    }
  }
}

TEST(LoadDatasetTest, AFolderWithoutSplitsIsDividedByNames) {
  const std::string folder = NewFolder();
  WriteImages(folder);
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  spec.set_test_fraction(0.3);
  const TrainingData data = LoadTrainingData(spec, {}).value();
  const Dataset test = LoadTestData(spec, {}).value();
  EXPECT_EQ(data.train.size() + data.validation.size() + test.size(), 20);
  EXPECT_EQ(data.train.shape, (Shape{16, 16, 1}));
}

TEST(LoadDatasetTest, ABrokenImageIsNamedOrLeftOut) {
  const std::string folder = NewFolder();
  WriteImages(folder + "/train");
  WriteImages(folder + "/test");
  const std::string whole = PngBytes(FlatImage(16, 16, 1, 3));
  WriteIn(folder, "train/b/broken.png", whole.substr(0, whole.size() - 20));
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  EXPECT_THAT(LoadTrainingData(spec, {}),
              StatusIs(kInvalid, AllOf(HasSubstr("train/b/broken.png"), HasSubstr("PNG"))));
  spec.set_on_broken(v1::DatasetSpec::SKIP);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->skipped, 1);
  EXPECT_THAT(data->skipped_names, ElementsAre(HasSubstr("train/b/broken.png")));
  EXPECT_EQ(data->train.size() + data->validation.size(), 20);
}

TEST(LoadDatasetTest, AnEmptyClassAndALoneImageAreRefused) {
  const std::string folder = NewFolder();
  WriteImages(folder + "/train");
  WriteImages(folder + "/test");
  std::filesystem::create_directories(folder + "/train/empty");
  std::filesystem::create_directories(folder + "/test/empty");
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  EXPECT_THAT(LoadTrainingData(spec, {}), StatusIs(kInvalid, HasSubstr("train/empty has no")));
  WriteIn(folder, "train/empty/one.png", PngBytes(FlatImage(16, 16, 1, 1)));
  WriteIn(folder, "test/empty/one.png", PngBytes(FlatImage(16, 16, 1, 1)));
  EXPECT_THAT(LoadTrainingData(spec, {}),
              StatusIs(kInvalid, HasSubstr("class empty has 1 samples")));
}

TEST(LoadDatasetTest, OneClassIsNothingToLearn) {
  const std::string folder = NewFolder();
  for (int i = 0; i < 40; ++i) {
    WriteIn(folder, absl::StrCat("only/", i, ".png"), PngBytes(FlatImage(16, 16, 1, i)));
  }
  EXPECT_THAT(LoadTrainingData(Spec(v1::DatasetSpec::IMAGE_FOLDER, folder), {}),
              StatusIs(kInvalid, HasSubstr("one class, \"only\"")));
}

TEST(LoadDatasetTest, ImagesOfTwoSizesNeedAResolution) {
  const std::string folder = NewFolder();
  WriteImages(folder + "/train");
  WriteImages(folder + "/test");
  WriteIn(folder, "train/a/wide.png", PngBytes(FlatImage(16, 20, 3, 1)));
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  EXPECT_THAT(LoadTrainingData(spec, {}),
              StatusIs(kInvalid, AllOf(HasSubstr("wide.png"), HasSubstr("16x20x3"))));
  spec.set_resolution(16);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->train.shape.channels, 3);  // One image is in colour.
}

TEST(LoadDatasetTest, TheMemoryLimitIsKeptBeforeDecoding) {
  const std::string folder = NewFolder();
  WriteImages(folder);
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::IMAGE_FOLDER, folder);
  spec.set_resolution(1024);
  LoadOptions options;
  options.max_bytes = 1 << 20;
  EXPECT_THAT(LoadTrainingData(spec, options),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1048576 bytes allowed")));
}

TEST(LoadDatasetTest, RecordingsFollowTheirLists) {
  const std::string folder = NewFolder();
  const std::string wav = WavBytes(std::vector<float>(16000, 0.1f), 16000);
  for (const char* name : {"yes", "no"}) {
    for (int i = 0; i < 5; ++i) {
      WriteIn(folder, std::string(name) + "/" + std::to_string(i) + ".wav", wav);
    }
  }
  WriteIn(folder, "_background_noise_/hum.wav", wav);
  WriteIn(folder, "validation_list.txt", "yes/0.wav\nno/0.wav\r\n");
  WriteIn(folder, "testing_list.txt", "yes/1.wav\nno/1.wav\n");
  v1::DatasetSpec spec = Spec(v1::DatasetSpec::WAV_FOLDER, folder);
  spec.set_resolution(32);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->train.classes, ElementsAre("no", "yes"));
  EXPECT_EQ(data->train.size(), 6);
  EXPECT_EQ(data->validation.size(), 2);
  EXPECT_EQ(data->train.shape, (Shape{32, 32, 1}));
  EXPECT_EQ(LoadTestData(spec, {})->size(), 2);

  WriteIn(folder, "yes/other.wav", WavBytes({0, 0}, 8000));
  EXPECT_THAT(LoadTrainingData(spec, {}),
              StatusIs(kInvalid, AllOf(HasSubstr("yes/other.wav"), HasSubstr("8000 Hz"))));
}

TEST(LoadDatasetTest, SpecsOutOfRangeNameTheField) {
  const auto message = [](auto change) {
    v1::DatasetSpec spec = Spec(v1::DatasetSpec::IDX, "x");
    change(spec);
    return CompleteSpec(spec).status().ToString();
  };
  EXPECT_THAT(message([](auto& s) { s.set_resolution(7); }), HasSubstr("resolution is 7"));
  EXPECT_THAT(message([](auto& s) { s.set_channels(2); }), HasSubstr("channels is 2"));
  EXPECT_THAT(message([](auto& s) { s.set_validation_fraction(0.7); }), HasSubstr("0.7"));
  EXPECT_THAT(message([](auto& s) { s.clear_kind(); }), HasSubstr("no kind"));
  EXPECT_THAT(message([](auto& s) { s.clear_path(); }), HasSubstr("no path"));
  EXPECT_THAT(message([](auto& s) { s.set_kind(v1::DatasetSpec::WAV_FOLDER); }),
              HasSubstr("needs a resolution"));
  EXPECT_THAT(message([](auto& s) {
                s.set_kind(v1::DatasetSpec::WAV_FOLDER);
                s.set_resolution(40);
                s.mutable_audio()->set_sample_rate_hz(100);
              }),
              HasSubstr("audio.sample_rate_hz is 100"));
}

TEST(LoadDatasetTest, FashionMnistOfTheDistribution) {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "needs the package dataset-fashion-mnist";
  }
  const v1::DatasetSpec spec = Spec(v1::DatasetSpec::IDX, folder);
  const absl::StatusOr<TrainingData> data = LoadTrainingData(spec, {});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->train.size(), 50000);
  EXPECT_EQ(data->validation.size(), 10000);
  EXPECT_EQ(LoadTestData(spec, {})->size(), 10000);
}

}  // namespace
}  // namespace boardloop
