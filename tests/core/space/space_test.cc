#include "core/space/space.h"

#include <google/protobuf/util/message_differencer.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/files.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Space Imagenet() { return *SpacePreset("mbv2-imagenet"); }

// The JSON of a small valid space, with `from` replaced by `to`.
std::string SmallSpaceJson(const std::string& from = "", const std::string& to = "") {
  std::string json = R"({"name": "tiny", "stem_width": 16, "stem_kernel_size": 3,
    "stem_stride": 2, "first_block_width": 8, "first_block_kernel_size": 3,
    "stages": [{"width": 24, "stride": 2, "depths": [1, 2], "kernel_sizes": [3, 5],
                "expand_ratios": [3, 4]}],
    "width_divisor": 8, "width_mults": [0.5, 1.0], "resolutions": [32, 64],
    "classes": 10, "input_channels": 3})";
  if (!from.empty()) json.replace(json.find(from), from.size(), to);
  return json;
}

TEST(RoundWidthTest, RoundsToTheNearestMultiple) {
  EXPECT_EQ(RoundWidth(19.2, 8), 24);  // 16 would lose more than 10 %.
  EXPECT_EQ(RoundWidth(16.5, 8), 16);
  EXPECT_EQ(RoundWidth(20, 8), 24);
  EXPECT_EQ(RoundWidth(40, 8), 40);
}

TEST(RoundWidthTest, IsNeverBelowTheDivisor) {
  EXPECT_EQ(RoundWidth(0.1, 8), 8);
  EXPECT_EQ(RoundWidth(3, 8), 8);
}

TEST(RoundWidthTest, GoesOneStepUpRatherThanLoseTenPercent) {
  EXPECT_EQ(RoundWidth(11.2, 8), 16);  // 8 is 71 % of it.
  EXPECT_EQ(RoundWidth(35, 8), 32);    // 32 is 91 % of it.
}

TEST(RoundWidthTest, MobileNetWidthsAtThreeTenths) {
  EXPECT_EQ(RoundWidth(32 * 0.3, 8), 16);
  EXPECT_EQ(RoundWidth(96 * 0.3, 8), 32);
  EXPECT_EQ(RoundWidth(320 * 0.3, 8), 96);
}

TEST(SpacePresetTest, EveryPresetIsValidAndHasItsName) {
  for (const std::string& name : SpacePresetNames()) {
    absl::StatusOr<Space> space = SpacePreset(name);
    ASSERT_THAT(space, IsOk());
    EXPECT_EQ(space->name(), name);
    EXPECT_THAT(ValidateSpace(*space), IsOk());
  }
}

TEST(SpacePresetTest, ImagenetSpaceHasTheGridOfThePaper) {
  Space space = Imagenet();
  EXPECT_EQ(space.width_mults_size() * space.resolutions_size(), 108);
  EXPECT_EQ(space.mix_width(), 0);
  EXPECT_EQ(space.stages_size(), 6);
}

TEST(SpacePresetTest, UnknownPresetListsTheNames) {
  EXPECT_THAT(SpacePreset("mbv4"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("\"mbv4\""), HasSubstr("mbv2-imagenet, mbv2-small-image"))));
}

TEST(SpaceJsonTest, WhatIsWrittenReadsBackTheSame) {
  for (const std::string& name : SpacePresetNames()) {
    Space space = *SpacePreset(name);
    absl::StatusOr<Space> again = ParseSpace(SpaceToJson(space), "written");
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(space, *again));
  }
}

TEST(SpaceJsonTest, FieldsWithAUsefulZeroMayBeLeftOut) {
  absl::StatusOr<Space> space = ParseSpace(SmallSpaceJson(), "s");
  ASSERT_THAT(space, IsOk());
  EXPECT_EQ(space->mix_width(), 0);
  EXPECT_EQ(space->description(), "");
}

struct BadSpace {
  const char* from;
  const char* to;
  const char* message;
};

class BadSpaceTest : public testing::TestWithParam<BadSpace> {};

TEST_P(BadSpaceTest, IsRefusedInOneLineThatNamesTheField) {
  const BadSpace& bad = GetParam();
  absl::Status status = ParseSpace(SmallSpaceJson(bad.from, bad.to), "s.json").status();
  EXPECT_THAT(status, StatusIs(kInvalid, AllOf(HasSubstr("s.json: "), HasSubstr(bad.message),
                                               Not(HasSubstr("\n")))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSpaceTest,
    testing::Values(
        BadSpace{"tiny", "Tiny\\n", "name is \"Tiny\\n\", must be 1 to 63 lower-case letters"},
        BadSpace{"\"stem_width\": 16,", "", "stem_width is 0, must be in [1, 4096]"},
        BadSpace{"16", "-16", "stem_width is -16, must be in [1, 4096]"},
        BadSpace{"16", "99999999999", "stem_width is 99999999999, an integer of 32 bits"},
        BadSpace{"16", "18446744073709551615", "an integer of 32 bits is needed"},
        BadSpace{"16", "16.5", "stem_width is 16.5, an integer of 32 bits is needed"},
        BadSpace{"16", "\"16\"", "stem_width is \"16\", an integer of 32 bits is needed"},
        BadSpace{"16", "null", "stem_width is null, an integer"},
        BadSpace{"16", "1e999", "number overflow"},
        BadSpace{"stem_stride\": 2", "stem_stride\": 3", "stem_stride is 3, must be in [1, 2]"},
        BadSpace{"stem_stride", "stride_stem", "stride_stem is not a known field"},
        BadSpace{"stem_stride", "stem_width", "an object has the field \"stem_width\" twice"},
        BadSpace{"[1, 2]", "[2, 1]", "stages[0].depths[1] is 1 after 2, choices must ascend"},
        BadSpace{"[1, 2]", "[1, 17]", "stages[0].depths[1] is 17, must be in [1, 16]"},
        BadSpace{"[1, 2]", "[]", "number of stages[0].depths is 0, must be in [1, 16]"},
        BadSpace{"[1, 2]", "2", "stages[0].depths is 2, an array is needed"},
        BadSpace{"[3, 5]", "[3, 4]", "stages[0].kernel_sizes[1] is 4, must be 3, 5 or 7"},
        BadSpace{"[3, 4]", "[0, 4]", "stages[0].expand_ratios[0] is 0, must be in [1, 16]"},
        BadSpace{"[0.5, 1.0]", "[0.0, 1.0]", "width_mults[0] is 0, must be in (0, 8]"},
        BadSpace{"[0.5, 1.0]", "[0.5, 9]", "width_mults[1] is 9, must be in (0, 8]"},
        BadSpace{"[0.5, 1.0]", "[0.5, 0.5]", "width_mults[1] is 0.5 after 0.5"},
        BadSpace{"[32, 64]", "[32, 4096]", "resolutions[1] is 4096, must be in [8, 1024]"},
        BadSpace{"\"classes\": 10", "\"classes\": 0", "classes is 0, must be in [1, 65536]"},
        BadSpace{"{\"width\": 24", "[{\"width\": 24", "parse error at line"},
        BadSpace{"\"tiny\"",
                 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
                 "nested deeper than 32 levels"}));

TEST(SpaceJsonTest, ADocumentThatIsNoObjectIsRefused) {
  EXPECT_THAT(ParseSpace("[]", "s.json"),
              StatusIs(kInvalid, HasSubstr("s.json: the file is [], an object is needed")));
}

TEST(ValidateSpaceTest, HandMadeSpacesAreChecked) {
  Space space = Imagenet();
  space.mutable_stages(2)->set_width(0);
  EXPECT_THAT(ValidateSpace(space), StatusIs(kInvalid, HasSubstr("stages[2].width is 0")));
}

TEST(LoadSpaceTest, TakesAPresetName) { EXPECT_THAT(LoadSpace("mbv2-imagenet"), IsOk()); }

TEST(LoadSpaceTest, TakesAFile) {
  std::string path = testing::TempDir() + "/space_test_tiny.json";
  ASSERT_THAT(WriteFileAtomically(path, SmallSpaceJson()), IsOk());
  absl::StatusOr<Space> space = LoadSpace(path);
  std::remove(path.c_str());
  ASSERT_THAT(space, IsOk());
  EXPECT_EQ(space->name(), "tiny");
}

TEST(LoadSpaceTest, AMissingFileIsNamed) {
  EXPECT_THAT(LoadSpace("no/such.json"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such.json")));
}

}  // namespace
}  // namespace boardloop
