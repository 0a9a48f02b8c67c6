#include "worker/data/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_format.h"

namespace boardloop {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

class Inflater {
 public:
  // 16: a gzip header is expected, and its checksum compared.
  Inflater() { ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

absl::StatusOr<std::string> Gunzip(const std::string& bytes, int64_t max_bytes) {
  Inflater inflater;
  if (!inflater.ready()) return absl::ResourceExhaustedError("zlib has no memory");
  z_stream* stream = inflater.get();
  // zlib's interface predates const; it does not write to its input.
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<uInt>(std::min<size_t>(bytes.size(), UINT32_MAX));
  std::string content;
  int result = Z_OK;
  while (result == Z_OK) {
    const size_t done = content.size();
    if (static_cast<int64_t>(done) >= max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrFormat("it unpacks to more than %d bytes", max_bytes));
    }
    content.resize(std::min(done + kChunk, static_cast<size_t>(max_bytes)));
    stream->next_out = reinterpret_cast<Bytef*>(content.data() + done);
    stream->avail_out = static_cast<uInt>(content.size() - done);
    result = inflate(stream, Z_NO_FLUSH);
    content.resize(content.size() - stream->avail_out);
  }
  if (result == Z_STREAM_END && stream->avail_in == 0) return content;
  if (result == Z_STREAM_END) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d bytes follow its gzip stream", stream->avail_in));
  }
  if (result == Z_BUF_ERROR) return absl::InvalidArgumentError("its gzip stream is cut off");
  return absl::InvalidArgumentError(absl::StrFormat("its gzip stream is damaged: %s",
                                                    stream->msg != nullptr ? stream->msg : "?"));
}

}  // namespace boardloop
