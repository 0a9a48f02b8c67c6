// The content of a source and of all it includes, as one hash: what a compiled object depends on
// beside flags and compiler.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

// Reads each file once. Not thread-safe.
class SourceDigests {
 public:
  // `folder` holds firmware/; includes of our own are written relative to it.
  explicit SourceDigests(std::string folder) : folder_(std::move(folder)) {}

  // Of the file `path`, relative to the folder, and the files it includes with quotes, directly or
  // not. Headers in angle brackets belong to the compiler.
  //
  // NOT_FOUND  the file or one it includes does not exist
  absl::StatusOr<std::string> Of(const std::string& path);

  // Of a generated source. Files it includes that are not below the folder are ignored: they are
  // generated too.
  absl::StatusOr<std::string> OfText(const std::string& text);

 private:
  struct File {
    std::string content;
    std::vector<std::string> includes;  // As paths below the folder.
  };
  absl::StatusOr<const File*> Read(const std::string& path);
  absl::StatusOr<std::string> Digest(const std::string& text, std::vector<std::string> pending);

  std::string folder_;
  std::map<std::string, File> files_;
};

}  // namespace boardloop
