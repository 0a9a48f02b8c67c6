// What the integration tests share: a board of each type, OpenOCD, the test programs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/device-agent/virtual/openocd.h"
#include "tests/device-agent/virtual/vboard_process.h"

namespace boardloop::vboard {

class BoardTest : public testing::TestWithParam<TestBoard> {
 protected:
  void SetUp() override {
    if (!HaveOpenOcd()) GTEST_SKIP() << "there is no openocd";
    if (ProgramPath(GetParam(), "kernel").empty()) GTEST_SKIP() << "there is no arm-none-eabi-gcc";
  }

  // Starts the board with an ST-Link, and what else is asked for.
  void Start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"--type",    GetParam().type, "--state",
                                          dir_.path(), "--stlink",      "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    board_ = std::make_unique<VboardProcess>(arguments);
    ASSERT_TRUE(board_->ready()) << board_->Errors();
  }

  OpenOcdResult Debug(const std::vector<std::string>& commands) {
    return RunOpenOcd(OverStlink(*board_, GetParam()), commands);
  }

  // Programs a test program and starts it.
  void Load(const std::string& program) {
    const OpenOcdResult result =
        Debug({"init", "program " + Path(program) + " verify", "reset run"});
    ASSERT_TRUE(result.Contains("** Verified OK **")) << result.output;
  }

  std::string Path(const std::string& program) { return ProgramPath(GetParam(), program); }

  TestDir dir_;
  std::unique_ptr<VboardProcess> board_;
};

// A Tcl loop that runs until the word at `address` satisfies `condition` of $value.
inline std::string WaitForWord(const std::string& address, const std::string& condition) {
  return "while {1} {set value [read_memory " + address + " 32 1]; if {" + condition + "} break}";
}

// Echoes NAME=the words, as decimal numbers.
inline std::string EchoWords(const std::string& name, const std::string& address, int count) {
  return "set words {}; foreach word [read_memory " + address + " 32 " + std::to_string(count) +
         "] {lappend words [format %u $word]}; echo \"" + name + "=$words\"";
}

inline std::string BoardName(const testing::TestParamInfo<TestBoard>& info) {
  return info.param.name;
}

}  // namespace boardloop::vboard
