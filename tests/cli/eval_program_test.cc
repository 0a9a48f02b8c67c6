// `boardloop eval` on a model and images made here.

#include <filesystem>
#include <vector>

#include "core/graph/model.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "png.h"
#include "tests/cli/run_program.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr int32_t kSide = 4;

// Class 0 for dark images, 1 for bright ones: grey level 128 is the border.
Model BrightnessModel() {
  GraphBuilder builder("brightness");
  const int32_t input = builder.Input({kSide, kSide, 3});
  const int32_t logits = builder.FullyConnected("classifier", builder.Mean("mean", input), 2);
  absl::StatusOr<Graph> graph = std::move(builder).Build({logits});
  EXPECT_THAT(graph, IsOk());
  Model model = RandomModel(*graph, /*seed=*/1);
  for (Quantization& quantization : model.quantization) quantization = {1.0f / 255, -128};
  model.quantization[logits] = {1.0f / 64, 0};
  OpWeights& classifier = model.weights[1];
  classifier.filter = {-64, -64, -64, 64, 64, 64};
  classifier.filter_scales = {1.0f / 64, 1.0f / 64};
  // Half of the range of three channels, in units of input scale * filter scale.
  classifier.bias = {64 * 3 * 128, -64 * 3 * 128};
  return model;
}

void WritePng(const std::string& path, int32_t side, uint8_t grey) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = side;
  image.format = PNG_FORMAT_RGB;
  const std::vector<uint8_t> pixels(side * side * 3, grey);
  ASSERT_NE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr), 0);
}

class EvalTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::string> bytes = ExportTflite(BrightnessModel());
    ASSERT_THAT(bytes, IsOk());
    model_ = folder_.Write("brightness.tflite", *bytes);
    images_ = folder_.path() + "/images";
    std::filesystem::create_directories(images_ + "/0_dark");
    std::filesystem::create_directories(images_ + "/1_bright");
    WritePng(images_ + "/0_dark/a.png", kSide, 10);
    WritePng(images_ + "/0_dark/b.png", kSide, 100);
    WritePng(images_ + "/0_dark/wrong.png", kSide, 250);
    WritePng(images_ + "/1_bright/a.png", kSide, 200);
  }

  TemporaryFolder folder_;
  std::string model_, images_;
};

TEST_F(EvalTest, CountsTop1) {
  const ProgramRun run = RunBoardloop({"eval", model_, images_, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json json = run.Json();
  EXPECT_EQ(json["images"], 4);
  EXPECT_EQ(json["correct"], 3);
  EXPECT_EQ(json["top1"], 0.75);
  EXPECT_EQ(json["pixel_scale"], "unit");
  EXPECT_EQ(json["classes"][0]["name"], "0_dark");
  EXPECT_EQ(json["classes"][0]["correct"], 2);
  EXPECT_THAT(RunBoardloop({"eval", model_, images_}).out,
              HasSubstr("top-1 0.7500: 3 of 4 images"));
}

TEST_F(EvalTest, LimitTakesImagesOfAllClasses) {
  const ProgramRun run = RunBoardloop({"eval", model_, images_, "--limit", "2", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()["images"], 2);
  EXPECT_EQ(run.Json()["classes"][0]["images"], 1);
  EXPECT_EQ(run.Json()["classes"][1]["images"], 1);
}

TEST_F(EvalTest, BadInputIsRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, folder_.path() + "/no"}), "NOT_FOUND", "no"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, model_}), "INVALID_ARGUMENT", "brightness"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", images_, images_}), "INVALID_ARGUMENT", "images"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, images_, "--limit", "0"}), "INVALID_ARGUMENT",
                        "--limit"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, images_, "--pixel-scale", "x"}),
                        "INVALID_ARGUMENT", "auto|pixels|unit|signed"));
}

TEST_F(EvalTest, BrokenOrWrongImageIsRefusedByName) {
  WritePng(images_ + "/1_bright/large.png", 2 * kSide, 200);
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, images_}), "INVALID_ARGUMENT", "large.png"));
  std::filesystem::remove(images_ + "/1_bright/large.png");
  folder_.Write("images/1_bright/junk.jpg", "not an image");
  EXPECT_TRUE(IsRefused(RunBoardloop({"eval", model_, images_}), "INVALID_ARGUMENT", "junk.jpg"));
}

}  // namespace
}  // namespace boardloop
