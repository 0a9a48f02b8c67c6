// The cross compiler: where it is and which one.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

struct Toolchain {
  std::string prefix;   // "arm-none-eabi-", or with a folder in front.
  std::string version;  // First line of gcc --version.

  std::string Tool(const std::string& name) const { return prefix + name; }
};

// `prefix` empty: $BOARDLOOP_TOOLCHAIN, else arm-none-eabi- in PATH.
//
// NOT_FOUND           no such compiler; the message says what to install
// FAILED_PRECONDITION it does not run, or cannot compile for Cortex-M
absl::StatusOr<Toolchain> FindToolchain(const std::string& prefix = "");

}  // namespace boardloop
