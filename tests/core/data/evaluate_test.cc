#include "core/data/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/core/data/encode_image.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(PixelScaleTest, AutoFollowsTheRangeOfTheInput) {
  EXPECT_THAT(ResolvePixelScale({1.0f, -128}), IsOkAndHolds(PixelScale::kPixels));
  EXPECT_THAT(ResolvePixelScale({1 / 255.0f, -128}), IsOkAndHolds(PixelScale::kUnit));
  EXPECT_THAT(ResolvePixelScale({2 / 255.0f, 0}), IsOkAndHolds(PixelScale::kSigned));
  EXPECT_THAT(ResolvePixelScale({2 / 255.0f, -1}), IsOkAndHolds(PixelScale::kSigned));
}

TEST(PixelScaleTest, ARangeOfMeanAndDeviationIsNotGuessed) {
  EXPECT_THAT(ResolvePixelScale({0.0187f, -14}), StatusIs(kInvalid, HasSubstr("[-2.1")));
}

TEST(PixelScaleTest, PixelsMapToTheInputsQuantization) {
  const auto pixels = QuantizePixels(PixelScale::kPixels, {1.0f, -128});
  const auto unit = QuantizePixels(PixelScale::kUnit, {1 / 255.0f, -128});
  const auto signed_pixels = QuantizePixels(PixelScale::kSigned, {2 / 255.0f, -1});
  for (int pixel = 0; pixel < 256; ++pixel) {
    EXPECT_EQ(pixels[pixel], pixel - 128);
    EXPECT_EQ(unit[pixel], pixel - 128);
    EXPECT_NEAR(signed_pixels[pixel], pixel - 128, 1);
  }
}

// Two classes, "dark" and "light", and a network that tells them apart by the mean of the pixels.
class EvaluateTest : public testing::Test {
 protected:
  EvaluateTest()
      : root_(fs::path(testing::TempDir()) /
              (std::to_string(getpid()) +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    GraphBuilder builder("brightness");
    const int32_t mean = builder.Mean("mean", builder.Input({4, 4, 1}));
    const int32_t output = builder.FullyConnected("classifier", mean, 2);
    model_.graph = *std::move(builder).Build({output});
    model_.quantization = {{1, -128}, {1, -128}, {1, 0}};
    model_.weights.resize(2);
    model_.weights[1].filter = {-1, 1};
    model_.weights[1].filter_scales = {1, 1};
    model_.weights[1].per_tensor = true;
    model_.weights[1].bias = {128, -128};
  }
  ~EvaluateTest() override { fs::remove_all(root_); }

  void AddImage(const std::string& path, uint8_t level, int32_t size = 4) {
    Image image = TestImage(size, size, 1);
    std::fill(image.pixels.begin(), image.pixels.end(), level);
    WriteBytes(path, EncodePng(image));
  }

  void WriteBytes(const std::string& path, const std::string& bytes) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << bytes;
  }

  absl::StatusOr<Evaluation> Evaluate(const EvaluationOptions& options = {}) {
    absl::StatusOr<ImageFolder> folder = ListImageFolder(root_.string());
    if (!folder.ok()) return folder.status();
    return EvaluateTop1(model_, *folder, options);
  }

  const fs::path root_;
  Model model_;
};

TEST_F(EvaluateTest, CountsByClass) {
  AddImage("dark/1.png", 10);
  AddImage("dark/2.png", 200);  // On purpose.
  AddImage("light/1.png", 220);
  absl::StatusOr<Evaluation> evaluation = Evaluate();
  ASSERT_THAT(evaluation, IsOk());
  EXPECT_EQ(evaluation->pixel_scale, PixelScale::kPixels);
  EXPECT_EQ(evaluation->images, 3);
  EXPECT_EQ(evaluation->correct, 2);
  EXPECT_DOUBLE_EQ(evaluation->top1, 2.0 / 3);
  ASSERT_EQ(evaluation->classes.size(), 2u);
  EXPECT_EQ(evaluation->classes[0].name, "dark");
  EXPECT_EQ(evaluation->classes[0].images, 2);
  EXPECT_EQ(evaluation->classes[0].correct, 1);
}

TEST_F(EvaluateTest, ThreadsDoNotChangeTheResult) {
  for (int i = 0; i < 40; ++i) {
    AddImage("dark/" + std::to_string(i) + ".png", static_cast<uint8_t>(5 * i));
    AddImage("light/" + std::to_string(i) + ".png", static_cast<uint8_t>(5 * i + 50));
  }
  EvaluationOptions options;
  absl::StatusOr<Evaluation> one = Evaluate(options);
  options.threads = 4;
  int64_t last = 0;
  options.progress = [&last](int64_t done, int64_t total) {
    EXPECT_EQ(done, last + 1);
    EXPECT_EQ(total, 80);
    last = done;
  };
  absl::StatusOr<Evaluation> four = Evaluate(options);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(four, IsOk());
  EXPECT_EQ(one->correct, four->correct);
  EXPECT_EQ(last, 80);
}

TEST_F(EvaluateTest, AnImageOfAnotherSizeIsRefusedByName) {
  AddImage("dark/1.png", 10);
  AddImage("light/big.png", 220, 8);
  EXPECT_THAT(Evaluate(), StatusIs(kInvalid, AllOf(HasSubstr("light/big.png"), HasSubstr("8x8x1"),
                                                   HasSubstr("4x4x1"))));
}

TEST_F(EvaluateTest, TheFirstBrokenImageIsReportedWhateverTheThreads) {
  for (int i = 0; i < 30; ++i) AddImage("dark/" + std::to_string(100 + i) + ".png", 10);
  WriteBytes("dark/115.png", "broken");
  WriteBytes("dark/116.png", "broken");
  AddImage("light/1.png", 220);
  EvaluationOptions options;
  options.threads = 4;
  for (int repeat = 0; repeat < 20; ++repeat) {
    EXPECT_THAT(Evaluate(options), StatusIs(kInvalid, HasSubstr("dark/115.png: neither")));
  }
}

TEST_F(EvaluateTest, ClassesMustMatchTheOutputs) {
  AddImage("dark/1.png", 10);
  EXPECT_THAT(Evaluate(), StatusIs(kInvalid, HasSubstr("2 outputs, the folder 1 classes")));
}

}  // namespace
}  // namespace boardloop
