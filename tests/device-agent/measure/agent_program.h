// Runs the built `boardloop-agent` as a user would, on virtual boards whose state is the test's own.
#pragma once

#include <string>
#include <vector>

#include "core/base/process.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace boardloop {

struct AgentRun {
  int exit_code = -1;
  std::string out, err;

  nlohmann::json Json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class AgentProgramTest : public testing::Test {
 protected:
  AgentProgramTest();
  ~AgentProgramTest() override;

  // `boardloop-agent args... --state S --cache C`. With `environment`, "NAME=value" in front of ours.
  AgentRun Run(std::vector<std::string> args, const std::vector<std::string>& environment = {});
  std::vector<std::string> CommandLine(std::vector<std::string> args) const;

  // A model made for this test, as a file.
  std::string SmallModel();
  std::string Write(const std::string& name, const std::string& content) const;

  // Living processes with our state folder, or one that belongs to it, in their command line.
  std::vector<std::string> Leftovers() const;

  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

}  // namespace boardloop
