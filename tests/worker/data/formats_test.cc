// The parsers of single files: IDX, gzip, CIFAR, WAV.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/data/sample_data.h"
#include "worker/data/cifar.h"
#include "worker/data/gzip.h"
#include "worker/data/idx.h"
#include "worker/data/wav.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(IdxTest, PlainAndGzippedFilesGiveTheirValues) {
  const std::string bytes = IdxBytes({2, 1, 3}, "abcdef");
  for (const std::string& file : {bytes, GzipBytes(bytes)}) {
    const absl::StatusOr<IdxArray> array = ParseIdx(file, 3, "x");
    ASSERT_THAT(array, IsOk());
    EXPECT_THAT(array->shape, ElementsAre(2, 1, 3));
    EXPECT_EQ(array->values, "abcdef");
  }
}

TEST(IdxTest, AWrongMagicSaysWhatWasFound) {
  EXPECT_THAT(ParseIdx(std::string("\0\0\x0d\x03 more than a header", 24), 3, "f"),
              StatusIs(kInvalid, HasSubstr("f: it begins with 00 00 0d 03")));
  EXPECT_THAT(ParseIdx(IdxBytes({6}, "abcdef"), 3, "f"), StatusIs(kInvalid));
  EXPECT_THAT(ParseIdx("", 3, "f"), StatusIs(kInvalid, HasSubstr("0 bytes")));
}

TEST(IdxTest, ACountThatDoesNotFitIsRefusedHoweverAbsurd) {
  EXPECT_THAT(ParseIdx(IdxBytes({2, 2, 2}, "1234567"), 3, "f"),
              StatusIs(kInvalid, HasSubstr("8 or more values, 7 follow")));
  EXPECT_THAT(ParseIdx(IdxBytes({1}, "12"), 1, "f"), StatusIs(kInvalid));
  EXPECT_THAT(ParseIdx(IdxBytes({0xffffffff, 0xffffffff, 0xffffffff}, "12"), 3, "f"),
              StatusIs(kInvalid, HasSubstr("2 follow")));
}

TEST(IdxTest, ACutGzipIsToldApartFromADamagedOne) {
  const std::string whole = GzipBytes(IdxBytes({1000}, std::string(1000, 'x')));
  EXPECT_THAT(ParseIdx(whole.substr(0, whole.size() / 2), 1, "f"),
              StatusIs(kInvalid, HasSubstr("cut off")));
  std::string damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);
  EXPECT_THAT(ParseIdx(damaged, 1, "f"), StatusIs(kInvalid, HasSubstr("damaged")));
  EXPECT_THAT(ParseIdx(whole + "more", 1, "f"), StatusIs(kInvalid, HasSubstr("4 bytes follow")));
}

TEST(GzipTest, StopsAtTheLimit) {
  const std::string bomb = GzipBytes(std::string(10'000'000, '\0'));
  EXPECT_LT(bomb.size(), 20'000);
  EXPECT_THAT(Gunzip(bomb, 1'000'000),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("1000000 bytes")));
}

// A record of CIFAR whose planes hold 1, 2 and 3.
std::string CifarRecord(const std::string& labels) {
  return labels + std::string(1024, 1) + std::string(1024, 2) + std::string(1024, 3);
}

TEST(CifarTest, PlanesBecomePixels) {
  Dataset data;
  ASSERT_THAT(AppendCifar(CifarRecord("\x07") + CifarRecord("\x02"), false, "f", data), IsOk());
  EXPECT_THAT(data.labels, ElementsAre(7, 2));
  ASSERT_EQ(data.pixels.size(), 2 * 3072);
  EXPECT_EQ(data.pixels[3], 1);
  EXPECT_EQ(data.pixels[4], 2);
  EXPECT_EQ(data.pixels[5], 3);
}

TEST(CifarTest, TheFineLabelOfCifar100Counts) {
  Dataset data;
  ASSERT_THAT(AppendCifar(CifarRecord("\x02\x60"), true, "f", data), IsOk());
  EXPECT_THAT(data.labels, ElementsAre(96));
}

TEST(CifarTest, ACutFileAndALabelOutOfRangeAreTold) {
  Dataset data;
  EXPECT_THAT(AppendCifar(CifarRecord("\x07").substr(1), false, "f", data),
              StatusIs(kInvalid, HasSubstr("records of 3073")));
  EXPECT_THAT(AppendCifar(CifarRecord("\x0a"), false, "f", data),
              StatusIs(kInvalid, HasSubstr("record 0 has label 10")));
  EXPECT_THAT(AppendCifar("", false, "f", data), StatusIs(kInvalid));
}

TEST(WavTest, SamplesAreReadAndChannelsAveraged) {
  const absl::StatusOr<std::vector<float>> mono =
      DecodeWav(WavBytes({0, 0.5f, -0.5f}, 16000), 16000, 100);
  ASSERT_THAT(mono, IsOk());
  EXPECT_THAT(*mono,
              ElementsAre(0, testing::FloatNear(0.5f, 1e-3f), testing::FloatNear(-0.5f, 1e-3f)));
  const absl::StatusOr<std::vector<float>> stereo =
      DecodeWav(WavBytes({0.5f, -0.5f, 0.5f, 0.25f}, 8000, 2), 8000, 100);
  ASSERT_THAT(stereo, IsOk());
  EXPECT_THAT(*stereo,
              ElementsAre(testing::FloatNear(0, 1e-3f), testing::FloatNear(0.375f, 1e-3f)));
}

TEST(WavTest, NoMoreIsReadThanAsked) {
  EXPECT_EQ(DecodeWav(WavBytes(std::vector<float>(9000, 0.1f), 16000), 16000, 5000)->size(), 5000);
}

TEST(WavTest, AnotherRateAndOtherFilesAreTold) {
  EXPECT_THAT(DecodeWav(WavBytes({0, 0}, 44100), 16000, 10),
              StatusIs(kInvalid, HasSubstr("44100 Hz, the data set's is 16000 Hz")));
  EXPECT_THAT(DecodeWav("not a sound", 16000, 10), StatusIs(kInvalid, HasSubstr("not a WAV")));
  EXPECT_THAT(DecodeWav("", 16000, 10), StatusIs(kInvalid));
}

TEST(WavTest, ACutFileIsNoCrash) {
  const std::string whole = WavBytes(std::vector<float>(1000, 0.1f), 16000);
  for (size_t size = 0; size < whole.size(); size += 13) {
    const absl::StatusOr<std::vector<float>> samples =
        DecodeWav(whole.substr(0, size), 16000, 1000);
    // libsndfile takes what there is of the samples; the header must be whole.
    EXPECT_TRUE(!samples.ok() || samples->size() <= 1000) << size;
  }
}

}  // namespace
}  // namespace boardloop
