#include "firmware/codegen/c_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace boardloop {
namespace {

TEST(CTextTest, CommentsKeepOnlyWhatCannotEndThem) {
  EXPECT_EQ(CommentText("block1/conv; x"), "block1/conv; x");
  EXPECT_EQ(CommentText("*/ /* \\\n\x80"), "_/ /_ ___");
}

TEST(CTextTest, LiteralsAreInt32) {
  EXPECT_EQ(Int32Literal(-7), "-7");
  EXPECT_EQ(Int32Literal(0xFFFFFFFF), "-1");
  EXPECT_EQ(Int32Literal(std::numeric_limits<int32_t>::min()), "INT32_MIN");
}

}  // namespace
}  // namespace boardloop
