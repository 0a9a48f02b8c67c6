#include "cli/size.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::DoubleEq;
using ::testing::HasSubstr;

TEST(ParseSizeTest, PlainDigitsAreBytes) {
  EXPECT_THAT(ParseSize("327680"), IsOkAndHolds(327680));
  EXPECT_THAT(ParseSize("1"), IsOkAndHolds(1));
  EXPECT_THAT(ParseSize("512B"), IsOkAndHolds(512));
}

TEST(ParseSizeTest, AllSpellingsOfAUnitAreTheSamePowerOf1024) {
  for (const char* text : {"320K", "320k", "320KB", "320kB", "320KiB", "320kib"}) {
    EXPECT_THAT(ParseSize(text), IsOkAndHolds(327680)) << text;
  }
  EXPECT_THAT(ParseSize("2M"), IsOkAndHolds(2 << 20));
  EXPECT_THAT(ParseSize("1GiB"), IsOkAndHolds(1 << 30));
}

TEST(ParseSizeTest, FractionsOfAUnitThatAreWholeBytesAreTaken) {
  EXPECT_THAT(ParseSize("1.5MB"), IsOkAndHolds(1572864));
  EXPECT_THAT(ParseSize("0.3K"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a whole number")));
  EXPECT_THAT(ParseSize("0.5"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("range")));
}

TEST(ParseSizeTest, OutOfRangeIsRefused) {
  for (const char* text : {"0", "0K", "1TB", "4.1G", "99999999999999999999999999", "5000000000"}) {
    EXPECT_THAT(ParseSize(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("out of range")))
        << text;
  }
  EXPECT_THAT(ParseSize("4G"), IsOkAndHolds(int64_t{1} << 32));
}

TEST(ParseSizeTest, WhatIsNotASizeIsRefused) {
  for (const char* text :
       {"", "K", "-1", "-320K", "+5", "1e6", "0x10", "12 K", " 12", "12K ", "12KK", "1.K", ".5K",
        "1.2.3K", "inf", "nan", "12Kb/s", "1,024", "320kBi"}) {
    EXPECT_THAT(ParseSize(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a size")))
        << text;
  }
}

TEST(ParseSizeTest, MessageIsOneLine) {
  EXPECT_THAT(ParseSize("1\n2").status().message().find('\n'), std::string::npos);
}

TEST(ParseShareTest, TakesPercentAndFraction) {
  EXPECT_THAT(ParseShare("15%"), IsOkAndHolds(DoubleEq(0.15)));
  EXPECT_THAT(ParseShare("0.15"), IsOkAndHolds(DoubleEq(0.15)));
  EXPECT_THAT(ParseShare("0"), IsOkAndHolds(DoubleEq(0)));
  EXPECT_THAT(ParseShare("10000%"), IsOkAndHolds(DoubleEq(100)));
}

TEST(ParseShareTest, RefusesOthers) {
  for (const char* text : {"", "%", "-1%", "15%%", "15 %", "nan", "15pct", "101", "10001%"}) {
    EXPECT_THAT(ParseShare(text), StatusIs(absl::StatusCode::kInvalidArgument, testing::_)) << text;
  }
}

TEST(ParseNumberTest, TakesNumbersInRange) {
  EXPECT_THAT(ParseNumber("0.35", 0, 8), IsOkAndHolds(DoubleEq(0.35)));
  EXPECT_THAT(ParseNumber("8", 0, 8), IsOkAndHolds(DoubleEq(8)));
  for (const char* text : {"0", "8.01", "-1", "x", "1x", ""}) {
    EXPECT_THAT(ParseNumber(text, 0, 8), StatusIs(absl::StatusCode::kInvalidArgument, testing::_))
        << text;
  }
}

TEST(ParseIntegerTest, TakesDigitsInRange) {
  EXPECT_THAT(ParseInteger("7", 1, 10), IsOkAndHolds(7));
  for (const char* text : {"0", "11", "", "-1", "+1", "1.0", "0x1", " 1", "99999999999999999999"}) {
    EXPECT_THAT(ParseInteger(text, 1, 10), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    HasSubstr("is not an integer from 1 to 10")))
        << text;
  }
}

}  // namespace
}  // namespace boardloop
