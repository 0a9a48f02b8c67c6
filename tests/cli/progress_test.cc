#include "cli/progress.h"

#include "gtest/gtest.h"

namespace boardloop {
namespace {

using Seconds = std::chrono::duration<double>;

TEST(ProgressLineTest, SaysHowFarAndHowLong) {
  EXPECT_EQ(ProgressLine("networks", 27000, 108000, Seconds(10)),
            "27,000 of 108,000 networks (25 %), 0:30 left");
  EXPECT_EQ(ProgressLine("images", 1, 101, Seconds(1)), "1 of 101 images (0 %), 1:40 left");
}

TEST(ProgressLineTest, BeforeTheFirstItemTimeIsUnknown) {
  EXPECT_EQ(ProgressLine("images", 0, 10, Seconds(5)), "0 of 10 images");
  EXPECT_EQ(ProgressLine("images", 0, 0, Seconds(5)), "0 of 0 images");
}

}  // namespace
}  // namespace boardloop
