#include "core/data/decode_png.h"

#include <png.h>

#include <cstddef>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/data/image_size.h"

namespace boardloop {
namespace {

// libpng's simplified API does its own jumps and error handling; what is left is to free it.
class PngReader {
 public:
  PngReader() { png_.version = PNG_IMAGE_VERSION; }
  ~PngReader() { png_image_free(&png_); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  png_image* get() { return &png_; }

  // A warning counts as failure: libpng has met damaged data.
  absl::Status Check(bool succeeded) const {
    if (succeeded && !PNG_IMAGE_FAILED(png_) && png_.warning_or_error == 0) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrFormat("broken PNG: %s", png_.message));
  }

 private:
  png_image png_ = {};
};

}  // namespace

absl::StatusOr<Image> DecodePng(const std::string& bytes) {
  PngReader reader;
  png_image* png = reader.get();
  BL_RETURN_IF_ERROR(
      reader.Check(png_image_begin_read_from_memory(png, bytes.data(), bytes.size()) != 0));
  BL_RETURN_IF_ERROR(CheckImageSize(png->height, png->width));
  const bool color = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
  // Without the flag, 16-bit samples count as linear light and are brightened on the way to 8 bits.
  png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  png->format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Image image;
  image.height = static_cast<int32_t>(png->height);
  image.width = static_cast<int32_t>(png->width);
  image.channels = color ? 3 : 1;
  image.pixels.resize(PNG_IMAGE_SIZE(*png));
  const png_color black = {0, 0, 0};
  BL_RETURN_IF_ERROR(reader.Check(
      png_image_finish_read(png, &black, image.pixels.data(), /*row_stride=*/0, nullptr) != 0));
  return image;
}

}  // namespace boardloop
