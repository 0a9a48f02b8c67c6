#include "core/data/decode_jpeg.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE.

#include <jpeglib.h>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/data/image_size.h"

namespace boardloop {
namespace {

// libjpeg reports errors by a function that must not return: it jumps back to the call that failed.
// A jump must not pass over C++ objects with destructors, so each method below that may jump has
// only plain locals, and what must be freed belongs to the object.
class JpegReader {
 public:
  JpegReader() {
    decoder_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr decoder) { Of(decoder)->Fail(); };
    // Level -1 is a warning (damaged data, decoded to something); 0 and above are traces.
    errors_.emit_message = [](j_common_ptr decoder, int level) {
      if (level < 0) Of(decoder)->Fail();
    };
    errors_.output_message = [](j_common_ptr) {};
    decoder_.client_data = this;
    progress_.progress_monitor = [](j_common_ptr decoder) { Of(decoder)->CheckScans(); };
  }
  ~JpegReader() { jpeg_destroy_decompress(&decoder_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // Each returns false on failure; error() then says why.
  bool ReadHeader(const unsigned char* bytes, size_t size) {
    if (setjmp(failed_) != 0) return false;
    jpeg_create_decompress(&decoder_);
    decoder_.progress = &progress_;
    jpeg_mem_src(&decoder_, bytes, size);
    return jpeg_read_header(&decoder_, TRUE) == JPEG_HEADER_OK;
  }

  // `pixels` has image_height * image_width * channels() bytes.
  bool ReadPixels(unsigned char* pixels) {
    if (setjmp(failed_) != 0) return false;
    decoder_.out_color_space = channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&decoder_);
    const size_t row_bytes = size_t{decoder_.output_width} * channels();
    while (decoder_.output_scanline < decoder_.output_height) {
      JSAMPROW row = pixels + decoder_.output_scanline * row_bytes;
      jpeg_read_scanlines(&decoder_, &row, 1);
    }
    jpeg_finish_decompress(&decoder_);
    return true;
  }

  const jpeg_decompress_struct& header() const { return decoder_; }
  int channels() const { return decoder_.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3; }
  const char* error() const { return error_; }

 private:
  static JpegReader* Of(j_common_ptr decoder) {
    return static_cast<JpegReader*>(decoder->client_data);
  }

  [[noreturn]] void Fail() {
    errors_.format_message(reinterpret_cast<j_common_ptr>(&decoder_), error_);
    std::longjmp(failed_, 1);
  }

  void CheckScans() {
    if (decoder_.input_scan_number <= kMaxJpegScans) return;
    std::snprintf(error_, sizeof(error_), "more than %d scans", kMaxJpegScans);
    std::longjmp(failed_, 1);
  }

  jpeg_decompress_struct decoder_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf failed_;
  char error_[JMSG_LENGTH_MAX] = "";
};

absl::Status Broken(const JpegReader& reader) {
  return absl::InvalidArgumentError(absl::StrFormat("broken JPEG: %s", reader.error()));
}

}  // namespace

absl::StatusOr<Image> DecodeJpeg(const std::string& bytes) {
  JpegReader reader;
  if (!reader.ReadHeader(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size())) {
    return Broken(reader);
  }
  const J_COLOR_SPACE space = reader.header().jpeg_color_space;
  if (space == JCS_CMYK || space == JCS_YCCK) {
    return absl::UnimplementedError("a CMYK JPEG, must be RGB or grey");
  }
  BL_RETURN_IF_ERROR(CheckImageSize(reader.header().image_height, reader.header().image_width));
  Image image;
  image.height = static_cast<int32_t>(reader.header().image_height);
  image.width = static_cast<int32_t>(reader.header().image_width);
  image.channels = reader.channels();
  image.pixels.resize(size_t{reader.header().image_height} * image.width * image.channels);
  if (!reader.ReadPixels(image.pixels.data())) return Broken(reader);
  return image;
}

}  // namespace boardloop
