// The two texts of a subnet: its file and its canonical line.
#include <string>

#include "core/space/subnet.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kJson[] = R"({
  "space": "mbv2-imagenet", "width_mult": 0.5, "resolution": 80, "classes": 2,
  "input_channels": 3,
  "stages": [[{"kernel": 3, "expand": 6}, {"kernel": 3, "expand": 3}], [{"kernel": 7, "expand": 5}]]
})";
constexpr char kCanonical[] = "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 | 7e5";

TEST(SubnetFileTest, ReadsEveryField) {
  absl::StatusOr<Subnet> subnet = ParseSubnet(kJson, "net.json");
  ASSERT_THAT(subnet, IsOk());
  EXPECT_EQ(CanonicalText(*subnet), kCanonical);
}

TEST(SubnetFileTest, WhatIsWrittenReadsBackTheSame) {
  Subnet subnet = *ParseSubnet(kJson, "net.json");
  absl::StatusOr<Subnet> again = ParseSubnet(SubnetToJson(subnet), "written");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(CanonicalText(*again), kCanonical);
}

struct BadSubnet {
  const char* from;
  const char* to;
  const char* message;
};

class BadSubnetTest : public testing::TestWithParam<BadSubnet> {};

TEST_P(BadSubnetTest, IsRefusedInOneLineThatNamesThePlace) {
  const BadSubnet& bad = GetParam();
  std::string json = kJson;
  json.replace(json.find(bad.from), std::string(bad.from).size(), bad.to);
  EXPECT_THAT(ParseSubnet(json, "net.json"),
              StatusIs(kInvalid, AllOf(HasSubstr("net.json: "), HasSubstr(bad.message),
                                       Not(HasSubstr("\n")))));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSubnetTest,
    testing::Values(
        BadSubnet{"\"classes\": 2,", "", "classes is missing"},
        BadSubnet{"\"classes\"", "\"klasses\"", "classes is missing"},
        BadSubnet{"\"classes\": 2,", "\"classes\": 2, \"top1\": 1,",
                  "top1 is not a known field; these are: classes, input_channels"},
        BadSubnet{"\"kernel\": 7", "\"kernl\": 7", "stages[1][0].kernel is missing"},
        BadSubnet{"\"kernel\": 7", "\"kernel\": \"7\"",
                  "stages[1][0].kernel is \"7\", an integer of 32 bits is needed"},
        BadSubnet{"\"kernel\": 7", "\"kernel\": 9", "stages[1][0].kernel is 9, must be 3, 5 or 7"},
        BadSubnet{"\"expand\": 5", "\"expand\": 0", "stages[1][0].expand is 0, must be in [1, 16]"},
        BadSubnet{"[{\"kernel\": 7, \"expand\": 5}]", "[]", "depth of stages[1] is 0"},
        BadSubnet{"[{\"kernel\": 7, \"expand\": 5}]", "7", "stages[1] is 7, an array is needed"},
        BadSubnet{"{\"kernel\": 7, \"expand\": 5}", "7", "stages[1][0] is 7, an object is needed"},
        BadSubnet{"0.5", "0", "width_mult is 0, must be in (0, 8]"},
        BadSubnet{"0.5", "-1", "width_mult is -1, must be in (0, 8]"},
        BadSubnet{"0.5", "1e300", "width_mult is 1e+300, must be in (0, 8]"},
        BadSubnet{"0.5", "NaN", "parse error"},
        BadSubnet{"80", "1000000000", "resolution is 1000000000, must be in [8, 1024]"},
        BadSubnet{"\"input_channels\": 3", "\"input_channels\": 0", "input_channels is 0"},
        BadSubnet{"mbv2-imagenet", "MBV2", "space is \"MBV2\""},
        BadSubnet{"\"resolution\"", "\"width_mult\"", "the field \"width_mult\" twice"}));

TEST(SubnetFileTest, TruncatedFilesAreRefused) {
  std::string json = kJson;
  for (size_t bytes = 0; bytes < json.size(); ++bytes) {
    EXPECT_THAT(ParseSubnet(json.substr(0, bytes), "net.json"),
                StatusIs(kInvalid, HasSubstr("net")))
        << bytes;
  }
}

TEST(CanonicalTextTest, ParsesBack) {
  absl::StatusOr<Subnet> subnet = ParseCanonicalText(kCanonical);
  ASSERT_THAT(subnet, IsOk());
  EXPECT_EQ(CanonicalText(*subnet), kCanonical);
}

TEST(CanonicalTextTest, WidthsAreTheShortestDecimals) {
  Subnet subnet = *ParseCanonicalText(kCanonical);
  subnet.width_mult = 1.5;
  EXPECT_THAT(CanonicalText(subnet), HasSubstr(" w1.5 "));
  subnet.width_mult = 1.0;
  EXPECT_THAT(CanonicalText(subnet), HasSubstr(" w1 "));
  subnet.width_mult = 0.1 + 0.2;
  EXPECT_THAT(CanonicalText(subnet), HasSubstr(" w0.30000000000000004 "));
}

TEST(CanonicalTextTest, OtherSpellingsAreRefused) {
  for (const char* text :
       {"", "|", "mbv2-imagenet", "mbv2-imagenet w0.5 r80 c2 i3", "a w0.5 r80 c2 i3 |",
        "a w0.5 r80 c2 i3 | 3e", "a w0.5 r80 c2 i3 | e3", "a w0.5 r80 c2 i3 | 3e3 ",
        "a w0.50 r80 c2 i3 | 3e3", "a w0.5 r080 c2 i3 | 3e3", "a w0.5 r80 c2 i3 | 03e3",
        "a  w0.5 r80 c2 i3 | 3e3", "a w0.5 r80 c2 i3 | 3e3 |", "a w0.5 r80 c2 i3| 3e3",
        "a wnan r80 c2 i3 | 3e3", "a winf r80 c2 i3 | 3e3", "A w0.5 r80 c2 i3 | 3e3",
        "a w0.5 r99999999999 c2 i3 | 3e3"}) {
    EXPECT_THAT(ParseCanonicalText(text), StatusIs(kInvalid, Not(HasSubstr("\n")))) << text;
  }
}

// The value stands in stores and caches: it may never change.
TEST(HashSubnetTest, IsStable) {
  EXPECT_EQ(HashSubnet(*ParseCanonicalText(kCanonical)).Hex(), "55ee3e738904ac3be29c9d8a177e682f");
}

TEST(HashSubnetTest, DiffersWhenAGeneDiffers) {
  Subnet subnet = *ParseCanonicalText(kCanonical);
  Hash128 before = HashSubnet(subnet);
  subnet.stages[0][1].expand_ratio = 4;
  EXPECT_NE(HashSubnet(subnet), before);
}

}  // namespace
}  // namespace boardloop
