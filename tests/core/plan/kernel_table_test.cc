#include "core/plan/kernel_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace boardloop {
namespace {

Op DepthwiseOp(int32_t kernel, int32_t stride, int32_t channels) {
  Op op;
  op.kind = OpKind::kDepthwiseConv2d;
  op.window = CenteredWindow(kernel, stride);
  op.out_channels = channels;
  return op;
}

Op PointwiseOp(int32_t out_channels) {
  Op op;
  op.out_channels = out_channels;
  return op;
}

TEST(KernelTableTest, DepthwiseNeedsABandOfRowsAndCanUseThePlane) {
  Scratch scratch = KernelScratch(DepthwiseOp(3, 1, 16), {40, 40, 16}, {40, 40, 16});
  EXPECT_EQ(scratch.least, 4 * 42 * 2);  // Two output rows at a time need four input rows.
  EXPECT_EQ(scratch.most, 42 * 42 * 2);  // TinyEngine's padded plane.
}

TEST(KernelTableTest, RowsOfABandAreWordAligned) {
  Scratch scratch = KernelScratch(DepthwiseOp(3, 1, 8), {5, 5, 8}, {5, 5, 8});
  EXPECT_EQ(scratch.most, 7 * 8 * 2);  // Seven columns take eight.
}

TEST(KernelTableTest, ConvolutionNeedsTwoColumns) {
  Op stem;
  stem.window = CenteredWindow(3, 2);
  stem.out_channels = 16;
  EXPECT_EQ(KernelScratch(stem, {80, 80, 3}, {40, 40, 16}).least, 2 * 2 * 28);  // 27 taps.
}

TEST(KernelTableTest, OnePixelIsComputedTwice) {
  EXPECT_EQ(KernelScratch(PointwiseOp(96), {1, 1, 480}, {1, 1, 96}).least, 2 * 2 * 480);
}

TEST(KernelTableTest, OnlyPointwiseConvolutionsOverwriteTheirInput) {
  Op conv;
  conv.window = CenteredWindow(3, 1);
  EXPECT_FALSE(CanOverwrite(conv, 0));
  EXPECT_TRUE(CanOverwrite(PointwiseOp(8), 0));
}

TEST(KernelTableTest, AddOverwritesEitherInput) {
  Op add;
  add.kind = OpKind::kAdd;
  EXPECT_TRUE(CanOverwrite(add, 0));
  EXPECT_TRUE(CanOverwrite(add, 1));
}

// The order in which an in-place kernel touches memory: groups of reads, each copied to scratch,
// then written. No address may be written before its last read.
struct Access {
  std::vector<int64_t> reads, writes;
};

void ExpectNoInputIsLost(const std::vector<Access>& accesses, int64_t input_bytes) {
  std::vector<bool> lost(input_bytes);
  for (const Access& access : accesses) {
    for (int64_t address : access.reads) ASSERT_FALSE(lost[address]) << "byte " << address;
    for (int64_t address : access.writes) {
      if (address < input_bytes) lost[address] = true;
    }
  }
}

void TestPointwise(int64_t pixels, int64_t in_channels, int64_t out_channels) {
  SCOPED_TRACE(testing::Message() << pixels << " pixels " << in_channels << "->" << out_channels);
  std::vector<Access> accesses;
  for (int64_t pair = 0; pair < pixels; pair += 2) {
    Access access;
    for (int64_t p = pair; p < std::min(pair + 2, pixels); ++p) {
      // Growing channels: from the last pixel to the first.
      int64_t pixel = out_channels > in_channels ? pixels - 1 - p : p;
      for (int64_t c = 0; c < in_channels; ++c) access.reads.push_back(pixel * in_channels + c);
      for (int64_t c = 0; c < out_channels; ++c) access.writes.push_back(pixel * out_channels + c);
    }
    accesses.push_back(access);
  }
  ExpectNoInputIsLost(accesses, pixels * in_channels);
}

TEST(KernelTableTest, PointwiseInPlaceLosesNoInput) {
  for (int64_t pixels : {1, 2, 9, 25, 64}) {
    for (int64_t in : {1, 3, 8, 24}) {
      for (int64_t out : {1, 3, 8, 24, 144}) TestPointwise(pixels, in, out);
    }
  }
}

// Channel by channel; within one, `two` output rows at a time out of a band of input rows.
void TestDepthwise(const Shape& in, int32_t kernel, int32_t stride) {
  SCOPED_TRACE(testing::Message() << in.ToString() << " k" << kernel << " s" << stride);
  const int32_t pad = kernel / 2;
  const int32_t height = WindowOutput(in.height, kernel, stride, pad, pad);
  const int32_t width = WindowOutput(in.width, kernel, stride, pad, pad);
  std::vector<Access> accesses;
  for (int32_t c = 0; c < in.channels; ++c) {
    int32_t copied = 0;  // Rows of this channel already in the band.
    for (int32_t y = 0; y < height; y += 2) {
      Access access;
      int32_t needed = std::min(in.height, (std::min(y + 1, height - 1)) * stride - pad + kernel);
      for (; copied < needed; ++copied) {
        for (int32_t x = 0; x < in.width; ++x) {
          access.reads.push_back((int64_t{copied} * in.width + x) * in.channels + c);
        }
      }
      for (int32_t row = y; row < std::min(y + 2, height); ++row) {
        for (int32_t x = 0; x < width; ++x) {
          access.writes.push_back((int64_t{row} * width + x) * in.channels + c);
        }
      }
      accesses.push_back(access);
    }
  }
  ExpectNoInputIsLost(accesses, in.elements());
}

TEST(KernelTableTest, DepthwiseInPlaceLosesNoInput) {
  for (int32_t kernel : {3, 5, 7}) {
    for (int32_t stride : {1, 2}) {
      for (Shape in : {Shape{4, 4, 3}, Shape{7, 9, 2}, Shape{16, 5, 4}, Shape{1, 1, 2}}) {
        TestDepthwise(in, kernel, stride);
      }
    }
  }
}

}  // namespace
}  // namespace boardloop
