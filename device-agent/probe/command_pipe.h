// A named pipe as the standard input of a child that reads commands.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace boardloop {

class CommandPipe {
 public:
  CommandPipe() = default;  // Not open.
  CommandPipe(const CommandPipe&) = delete;
  CommandPipe& operator=(const CommandPipe&) = delete;
  ~CommandPipe() { Close(); }

  // Makes the pipe at `path`, in the place of an older one. Held open in both directions: neither
  // side waits for the other, and the reader sees the end when we are gone.
  absl::Status Open(const std::string& path);
  void Close();

  // `argv` with its standard input from the pipe, and standard error joined with standard output.
  std::vector<std::string> Attach(const std::vector<std::string>& argv) const;

  // UNAVAILABLE  the reader is gone or has stopped reading
  absl::Status Write(const std::string& text) const;

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace boardloop
