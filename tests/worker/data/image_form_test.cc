// What samples go through on their way: resizing, channels, spectrograms, splits.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"
#include "worker/data/dataset.h"
#include "worker/data/log_mel.h"
#include "worker/data/resize.h"
#include "worker/data/split.h"

namespace boardloop {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ResizeTest, TheSameSizeIsTheSameImage) {
  const Image image = FlatImage(5, 7, 3, 9);
  EXPECT_EQ(Resize(image, 5, 7).pixels, image.pixels);
}

TEST(ResizeTest, ShrinkingAveragesAreas) {
  Image image = FlatImage(2, 4, 1, 0);
  image.pixels = {0, 10, 20, 30, 40, 50, 60, 70};
  EXPECT_THAT(Resize(image, 1, 2).pixels, ElementsAre(25, 45));
  // 4 to 3: the first covers 1 1/3 pixels.
  EXPECT_THAT(Resize(image, 2, 3).pixels, ElementsAre(3, 15, 28, 43, 55, 68));
}

TEST(ResizeTest, GrowingInterpolates) {
  Image image = FlatImage(1, 2, 1, 0);
  image.pixels = {0, 100};
  EXPECT_THAT(Resize(image, 1, 4).pixels, ElementsAre(0, 25, 75, 100));
  EXPECT_THAT(Resize(FlatImage(1, 1, 1, 77), 9, 9).pixels, Each(77));
}

TEST(ResizeTest, AFlatImageStaysFlat) {
  for (const int32_t size : {1, 3, 8, 13, 28, 31}) {
    EXPECT_THAT(Resize(FlatImage(13, 9, 3, 200), size, size).pixels, Each(200)) << size;
  }
}

TEST(ChannelsTest, GreyIsLumaAndIsRepeated) {
  Image image = FlatImage(1, 1, 3, 0);
  image.pixels = {255, 0, 0};
  EXPECT_THAT(ConvertChannels(image, 1).pixels, ElementsAre(76));
  EXPECT_THAT(ConvertChannels(FlatImage(1, 1, 1, 5), 3).pixels, ElementsAre(5, 5, 5));
}

v1::AudioFeatures Audio() {
  v1::DatasetSpec spec;
  spec.set_kind(v1::DatasetSpec::WAV_FOLDER);
  spec.set_path("x");
  spec.set_resolution(40);
  return CompleteSpec(spec)->audio();
}

std::vector<float> Tone(double hz, double amplitude) {
  std::vector<float> samples(16000);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(amplitude * std::sin(2 * M_PI * hz * i / 16000.0));
  }
  return samples;
}

TEST(LogMelTest, ATonePeaksInItsBand) {
  const LogMel features(Audio(), 40);
  int last = -1;
  for (const double hz : {150.0, 400.0, 1000.0, 2500.0, 6000.0}) {
    const Image image = features.Compute(Tone(hz, 0.5));
    const auto row = image.pixels.begin() + 20 * 40;
    const int peak = static_cast<int>(std::max_element(row, row + 40) - row);
    const double mel = 2595 * std::log10(1 + hz / 700);
    const double low = 2595 * std::log10(1 + 20.0 / 700);
    const double high = 2595 * std::log10(1 + 7600.0 / 700);
    EXPECT_NEAR(peak, (mel - low) / (high - low) * 41 - 1, 1.01) << hz;
    EXPECT_GT(peak, last);
    last = peak;
  }
}

TEST(LogMelTest, LevelsAreDecibelsBelowFullScale) {
  const LogMel features(Audio(), 40);
  const auto peak = [&](double amplitude) {
    const Image image = features.Compute(Tone(1000, amplitude));
    return static_cast<int>(*std::max_element(image.pixels.begin(), image.pixels.end()));
  };
  // 255 steps are 80 dB: 20 dB are 64 of them.
  EXPECT_NEAR(peak(0.5) - peak(0.05), 64, 2);
}

TEST(LogMelTest, SilenceAndWhatIsMissingAreZero) {
  const LogMel features(Audio(), 40);
  EXPECT_THAT(features.Compute({}).pixels, Each(0));
  std::vector<float> half = Tone(1000, 0.5);
  half.resize(8000);
  const Image image = features.Compute(half);
  EXPECT_GT(*std::max_element(image.pixels.begin(), image.pixels.begin() + 10 * 40), 200);
  EXPECT_THAT(std::vector<uint8_t>(image.pixels.end() - 10 * 40, image.pixels.end()), Each(0));
}

TEST(SplitTest, EachClassKeepsItsShare) {
  std::vector<int32_t> labels;
  for (int i = 0; i < 600; ++i) labels.push_back(i % 10 == 0 ? 1 : 0);
  const std::vector<bool> held = HoldOut(labels, {"a", "b"}, 0.25, 1).value();
  int64_t of_a = 0, of_b = 0;
  for (size_t i = 0; i < labels.size(); ++i) (labels[i] == 0 ? of_a : of_b) += held[i];
  EXPECT_EQ(of_a, 135);
  EXPECT_EQ(of_b, 15);
}

TEST(SplitTest, IsAFunctionOfTheSeed) {
  const std::vector<int32_t> labels(100, 0);
  EXPECT_EQ(*HoldOut(labels, {"a"}, 0.3, 5), *HoldOut(labels, {"a"}, 0.3, 5));
  EXPECT_NE(*HoldOut(labels, {"a"}, 0.3, 5), *HoldOut(labels, {"a"}, 0.3, 6));
}

TEST(SplitTest, OneSampleCannotBeInBoth) {
  EXPECT_THAT(HoldOut({0, 0, 1}, {"cat", "dog"}, 0.2, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("class dog has 1 samples")));
  EXPECT_THAT(HoldOut({0, 0}, {"cat", "dog"}, 0.2, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("class dog has 0 samples")));
}

TEST(SplitTest, TheHashOfNamesTakesAboutItsShare) {
  int64_t below = 0;
  for (int i = 0; i < 10000; ++i) {
    below += static_cast<int>(HashFallsBelow("class/" + std::to_string(i), 0.1, 3));
  }
  EXPECT_NEAR(static_cast<double>(below), 1000, 100);
}

}  // namespace
}  // namespace boardloop
