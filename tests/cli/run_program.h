// Runs the built `boardloop` as a user would.
#pragma once

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace boardloop {

struct ProgramRun {
  int exit_code = -1;
  std::string out;
  std::string err;

  nlohmann::json Json() const { return nlohmann::json::parse(out); }
};

// Runs `boardloop args...`; a failure to start or a crash fails the test.
ProgramRun RunBoardloop(const std::vector<std::string>& args);

// The same through a shell, where `$0 "$@"` in `script` stands for the program and its arguments.
ProgramRun RunBoardloopIn(const std::string& script, const std::vector<std::string>& args);

// A folder that is removed with all it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file and returns its path.
  std::string Write(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

// A subnet file of 80 x 80 pixels: MCUNet's vww1.
inline constexpr char kVww1[] = R"({
  "space": "mbv2-imagenet", "width_mult": 0.5, "resolution": 80, "classes": 2, "input_channels": 3,
  "stages": [[{"kernel": 3, "expand": 6}, {"kernel": 3, "expand": 3}, {"kernel": 3, "expand": 3}],
             [{"kernel": 7, "expand": 3}, {"kernel": 3, "expand": 6}, {"kernel": 5, "expand": 5}],
             [{"kernel": 7, "expand": 6}, {"kernel": 7, "expand": 6}],
             [{"kernel": 3, "expand": 6}, {"kernel": 3, "expand": 4}],
             [{"kernel": 5, "expand": 5}, {"kernel": 3, "expand": 5}, {"kernel": 3, "expand": 4}],
             [{"kernel": 7, "expand": 3}]]})";

// Matches a run that was refused: exit code 2, nothing on standard output, and one line
// "boardloop: <code>: ... <detail> ..." on standard error.
testing::AssertionResult IsRefused(const ProgramRun& run, const std::string& code,
                                   const std::string& detail);

}  // namespace boardloop
