#include "cli/remote/checkpoint_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "core/base/file_io.h"
#include "core/base/status.h"
#include "core/data/checkpoint_header.h"

namespace boardloop {
namespace {

// Headers have a space and the names of classes: some kB. More of a file than this is not read.
constexpr int64_t kMaxHead = 16 << 20;
constexpr int64_t kMaxParameters = int64_t{1} << 40;
constexpr int64_t kFixedBytes = 8 + 8 + 16;  // Magic, length, hash.

// What the header's file takes, but for the header.
absl::StatusOr<int64_t> BytesBeside(const v1::CheckpointHeader& header, const std::string& path) {
  if (header.parameters() >= 0 && header.parameters() <= kMaxParameters) {
    return kFixedBytes + 4 * header.parameters() * header.tensors_size();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s says that it has %d parameters", path, header.parameters()));
}

}  // namespace

absl::Status CheckCheckpointFile(const std::string& path) {
  // Not waiting: a pipe that nobody writes to would be waited for.
  BL_ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(path, O_RDONLY | O_NONBLOCK));
  BL_ASSIGN_OR_RETURN(const int64_t size, FileSize(file.get(), path));
  std::string head(static_cast<size_t>(std::min(size, kMaxHead)), '\0');
  size_t read = 0;
  while (read < head.size()) {
    BL_ASSIGN_OR_RETURN(const size_t some,
                        ReadSome(file.get(), path, head.data() + read, head.size() - read));
    if (some == 0) break;
    read += some;
  }
  head.resize(read);
  BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header, ParseCheckpointHeader(head, path));
  BL_ASSIGN_OR_RETURN(const int64_t beside, BytesBeside(header, path));
  int64_t length = 0;
  for (int i = 15; i >= 8; --i) length = length << 8 | static_cast<uint8_t>(head[i]);
  if (size == beside + length) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has %d B, by its header it must have %d B: it is cut off or damaged",
                      path, size, beside + length));
}

}  // namespace boardloop
