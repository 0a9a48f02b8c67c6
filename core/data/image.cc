#include "core/data/image.h"

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/data/decode_jpeg.h"
#include "core/data/decode_png.h"
#include "core/data/image_size.h"

namespace boardloop {
namespace {

const std::string& JpegSignature() {
  static const std::string* const signature = new std::string("\xff\xd8\xff");
  return *signature;
}

const std::string& PngSignature() {
  static const std::string* const signature = new std::string("\x89PNG\r\n\x1a\n");
  return *signature;
}

}  // namespace

std::string Image::ShapeString() const {
  return absl::StrFormat("%dx%dx%d", height, width, channels);
}

absl::StatusOr<Image> DecodeImage(const std::string& bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMaxImageBytes) {
    return absl::InvalidArgumentError(absl::StrFormat("the file has %d bytes, an image may have %d",
                                                      bytes.size(), kMaxImageBytes));
  }
  if (absl::StartsWith(bytes, JpegSignature())) return DecodeJpeg(bytes);
  if (absl::StartsWith(bytes, PngSignature())) return DecodePng(bytes);
  return absl::InvalidArgumentError("neither a JPEG nor a PNG file");
}

absl::Status CheckImageSize(int64_t height, int64_t width) {
  if (height >= 1 && width >= 1 && height <= kMaxImageExtent && width <= kMaxImageExtent &&
      height * width <= kMaxImagePixels) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "the image is %dx%d, must be at least 1x1, at most %dx%d and %d pixels in all", height, width,
      kMaxImageExtent, kMaxImageExtent, kMaxImagePixels));
}

}  // namespace boardloop
