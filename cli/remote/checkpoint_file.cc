#include "cli/remote/checkpoint_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdint>

#include "core/base/file_io.h"
#include "core/base/status.h"
#include "core/data/checkpoint_header.h"

namespace boardloop {
namespace {

// Headers have a space and the names of classes: some kB. More of a file than this is not read.
constexpr int64_t kMaxHead = 16 << 20;

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
  return ParseCheckpointHead(head, size, path).status();
}

}  // namespace boardloop
