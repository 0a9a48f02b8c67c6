#include "cli/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/text.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

const char* program_name = "boardloop";

// Writes all bytes; returns 0 or the errno of the write that failed.
int WriteAll(int fd, const std::string& bytes) {
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    written += static_cast<size_t>(n);
  }
  return 0;
}

}  // namespace

void PrepareStandardStreams(const char* program) {
  program_name = program;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // Opened for reading only: the lowest free descriptor is `fd`, and a write to it still fails.
    if (open("/dev/null", O_RDONLY) != fd) std::abort();
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

absl::Status WriteResults(const std::string& results) {
  const int error = WriteAll(STDOUT_FILENO, results);
  if (error == 0) return absl::OkStatus();
  const std::string message = absl::StrCat("write results: ", strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  return absl::UnavailableError(message);
}

std::string JsonText(const nlohmann::ordered_json& json) {
  using Json = nlohmann::ordered_json;
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

void WriteMessage(const std::string& message) {
  WriteAll(STDERR_FILENO, absl::StrCat(program_name, ": ", Printable(message), "\n"));
}

}  // namespace boardloop
