#include "core/base/numbers.h"

#include <limits>

#include "gtest/gtest.h"

namespace boardloop {
namespace {

TEST(FormatTest, GroupsThousands) {
  EXPECT_EQ(FormatInteger(0), "0");
  EXPECT_EQ(FormatInteger(999), "999");
  EXPECT_EQ(FormatInteger(1404928), "1,404,928");
  EXPECT_EQ(FormatInteger(-123456), "-123,456");
}

TEST(FormatTest, KilobytesHaveOneDecimal) {
  EXPECT_EQ(FormatKb(1404928), "1,372.0 kB");
  EXPECT_EQ(FormatKb(96000), "93.8 kB");
  EXPECT_EQ(FormatKb(1023), "1.0 kB");
  EXPECT_EQ(FormatKb(0), "0.0 kB");
}

TEST(FormatTest, CountsKeepThreeToFiveDigits) {
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(743208), "743.2k");
  EXPECT_EQ(FormatCount(300774272), "300.8M");
  EXPECT_EQ(FormatCount(999.96e6), "1.00G");
}

TEST(FormatTest, SharesArePercent) { EXPECT_EQ(FormatShare(0.0931), "9.3%"); }

TEST(FormatTest, DecimalsAreGroupedBeforeThePoint) {
  EXPECT_EQ(FormatDecimal(1234567.891, 2), "1,234,567.89");
  EXPECT_EQ(FormatDecimal(-1234.5, 1), "-1,234.5");
  EXPECT_EQ(FormatDecimal(999.96, 1), "1,000.0");
  EXPECT_EQ(FormatDecimal(1234, 0), "1,234");
}

TEST(FormatTest, WhatIsNotFiniteIsADash) {
  EXPECT_EQ(FormatDecimal(std::numeric_limits<double>::quiet_NaN(), 1), "-");
  EXPECT_EQ(FormatDecimal(std::numeric_limits<double>::infinity(), 1), "-");
}

}  // namespace
}  // namespace boardloop
