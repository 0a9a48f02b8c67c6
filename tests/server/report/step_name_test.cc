#include "server/report/step_name.h"

#include "gtest/gtest.h"

namespace boardloop::report {
namespace {

TEST(ShortStepNameTest, NamesABlockOnce) {
  EXPECT_EQ(ShortStepName("s0b1.project + s0b1.add", 16), "s0b1.project+add");
  EXPECT_EQ(ShortStepName("s0b1.project + s0b2.add", 40), "s0b1.project + s0b2.add");
  EXPECT_EQ(ShortStepName("a + b", 16), "a + b");
}

TEST(ShortStepNameTest, KeepsTheEndOfALongName) {
  EXPECT_EQ(ShortStepName("model/layer/block_17/relu", 10), ".._17/relu");
  EXPECT_EQ(ShortStepName("stem", 10), "stem");
}

}  // namespace
}  // namespace boardloop::report
