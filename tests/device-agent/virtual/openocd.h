// The distribution's OpenOCD, unmodified, run once with a list of commands.
#pragma once

#include <string>
#include <vector>

#include "tests/device-agent/virtual/vboard_process.h"

namespace boardloop::vboard {

struct OpenOcdResult {
  int exit_code = -1;  // 128 + the signal; 128 + SIGKILL when it ran past its deadline.
  std::string output;  // Standard output and error.

  bool Contains(const std::string& text) const { return output.find(text) != std::string::npos; }
  // The value of a line "NAME=..." that the commands have echoed; empty if there is none.
  std::string Value(const std::string& name) const;
};

bool HaveOpenOcd();

// What a debugger's user writes for each front-end.
std::vector<std::string> OverStlink(const VboardProcess& process, const TestBoard& board);
std::vector<std::string> OverBoardFile(const VboardProcess& process, const TestBoard& board);
std::vector<std::string> OverRemoteBitbang(const VboardProcess& process, const TestBoard& board);

// Runs `connection` and then `commands`; "init" is among them, "shutdown" is added. All ports of
// OpenOCD are off.
OpenOcdResult RunOpenOcd(const std::vector<std::string>& connection,
                         const std::vector<std::string>& commands);

}  // namespace boardloop::vboard
