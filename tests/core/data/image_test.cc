#include "core/data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "core/data/decode_jpeg.h"
#include "tests/core/data/encode_image.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

int LargestDifference(const Image& a, const Image& b) {
  int largest = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  }
  return largest;
}

TEST(DecodeImageTest, PngKeepsEveryPixel) {
  for (int32_t channels : {1, 3}) {
    const Image image = TestImage(13, 7, channels);
    absl::StatusOr<Image> decoded = DecodeImage(EncodePng(image));
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(decoded->ShapeString(), image.ShapeString());
    EXPECT_EQ(decoded->pixels, image.pixels);
  }
}

TEST(DecodeImageTest, AlphaIsLaidOverBlack) {
  Image image = TestImage(1, 2, 4);
  image.pixels = {200, 100, 50, 255, 200, 100, 50, 0};
  absl::StatusOr<Image> decoded = DecodeImage(EncodePng(image));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(decoded->pixels, testing::ElementsAre(200, 100, 50, 0, 0, 0));
}

// A 3x1 grey PNG with the samples 0, 0x4000 and 0xff00, and no chunk that speaks of gamma.
TEST(DecodeImageTest, SixteenBitsKeepTheirUpperHalf) {
  const std::string png = absl::HexStringToBytes(
      "89504e470d0a1a0a0000000d49484452000000030000000110000000006e1b972b000000"
      "0f49444154789c6360607060f8cf00000305014034f8d4f50000000049454e44ae426082");
  absl::StatusOr<Image> decoded = DecodeImage(png);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_THAT(decoded->pixels, testing::ElementsAre(0, 0x40, 0xfe));
}

TEST(DecodeImageTest, GreyJpegHasOneChannel) {
  const Image image = TestImage(16, 24, 1);
  absl::StatusOr<Image> decoded = DecodeImage(EncodeJpeg(image));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->ShapeString(), "16x24x1");
}

TEST(DecodeImageTest, JpegIsCloseToItsSource) {
  Image image = TestImage(32, 32, 3);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i / 16);
  for (bool progressive : {false, true}) {
    absl::StatusOr<Image> decoded = DecodeImage(EncodeJpeg(image, {100, progressive}));
    ASSERT_THAT(decoded, IsOk());
    ASSERT_EQ(decoded->ShapeString(), "32x32x3");
    EXPECT_LE(LargestDifference(*decoded, image), 12);
  }
}

TEST(DecodeImageTest, OtherBytesAreRefused) {
  EXPECT_THAT(DecodeImage(""), StatusIs(kInvalid, HasSubstr("neither a JPEG nor a PNG")));
  EXPECT_THAT(DecodeImage("GIF89a"), StatusIs(kInvalid, HasSubstr("neither a JPEG nor a PNG")));
}

TEST(DecodeImageTest, ATruncatedFileIsRefusedAtEveryLength) {
  const Image image = TestImage(24, 24, 3);
  for (const std::string& bytes :
       {EncodeJpeg(image), EncodeJpeg(image, {90, true}), EncodePng(image)}) {
    // The end of a PNG after its last pixel may be missing: the pixels are all there.
    for (size_t size = 0; size + 20 < bytes.size(); size += 7) {
      EXPECT_THAT(DecodeImage(bytes.substr(0, size)), StatusIs(kInvalid)) << size;
    }
  }
}

TEST(DecodeImageTest, MessagesSayWhatIsBroken) {
  const std::string jpeg = EncodeJpeg(TestImage(24, 24, 3));
  EXPECT_THAT(DecodeImage(jpeg.substr(0, jpeg.size() / 2)),
              StatusIs(kInvalid, HasSubstr("broken JPEG: Premature end of JPEG file")));
  std::string png = EncodePng(TestImage(24, 24, 3));
  png[20] ^= 1;  // In the header, so that its checksum is wrong.
  EXPECT_THAT(DecodeImage(png), StatusIs(kInvalid, HasSubstr("broken PNG: IHDR: CRC error")));
}

TEST(DecodeImageTest, ACmykJpegIsUnimplemented) {
  EXPECT_THAT(DecodeImage(EncodeJpeg(TestImage(8, 8, 4))),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("CMYK")));
}

// Patches the size in the frame header: the claim must be refused before anything is allocated.
TEST(DecodeImageTest, AHugeClaimedSizeIsRefused) {
  std::string jpeg = EncodeJpeg(TestImage(8, 8, 1));
  const size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (size_t i = 5; i < 9; ++i) jpeg[frame + i] = '\x3f';  // 16191x16191
  EXPECT_THAT(DecodeImage(jpeg), StatusIs(kInvalid, HasSubstr("16191x16191")));
}

// Repeats the scans of a progressive file.
TEST(DecodeImageTest, AFileOfEndlessScansIsRefused) {
  const std::string jpeg = EncodeJpeg(TestImage(16, 16, 1), {50, true});
  const size_t last_scan = jpeg.rfind("\xff\xda");
  ASSERT_NE(last_scan, std::string::npos);
  const std::string scan = jpeg.substr(last_scan, jpeg.size() - 2 - last_scan);
  std::string bomb = jpeg.substr(0, last_scan);
  for (int i = 0; i < 2 * kMaxJpegScans; ++i) bomb += scan;
  bomb += "\xff\xd9";
  EXPECT_THAT(DecodeImage(bomb), StatusIs(kInvalid));
}

}  // namespace
}  // namespace boardloop
