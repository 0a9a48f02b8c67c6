// Programs: our own, and tools of others.
#pragma once

#include <string>
#include <vector>

#include "cli/doctor/check.h"

namespace boardloop {

// One of ours: there, and of our version. What stands on the further lines of its --version (its libraries) is shown too.
class OwnProgramCheck : public Check {
 public:
  // `version` is ours.
  OwnProgramCheck(std::string program, std::string version)
      : program_(std::move(program)), version_(std::move(version)) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const std::string program_, version_;
};

// A tool: there, by any of its names, and it says its version.
class ToolCheck : public Check {
 public:
  struct Options {
    std::string name;  // "gnuplot"
    std::vector<std::vector<std::string>>
        commands;  // That print a version; one that works is enough.
    Finding::State absent = Finding::State::kOptional;
    std::string why;       // What is not possible without it.
    std::string packages;  // Of Debian; empty: `fix`.
    std::string fix;
    std::string start_fix;  // Where it is there and fails; empty: as when it is not there.
    // What its output must have, and what that is called: of a tool that can be built without.
    std::string needs, needs_name;
  };
  explicit ToolCheck(Options options) : options_(std::move(options)) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  Finding Absent(const Host& host, const std::string& text) const;
  Finding Failing(const Host& host, const std::string& text) const;

  const Options options_;
};

}  // namespace boardloop
