// One thing that `boardloop doctor` looks at.
#pragma once

#include <string>
#include <vector>

#include "cli/doctor/host.h"

namespace boardloop {

struct Finding {
  enum class State {
    kOk,
    kWarning,   // It works, and somebody should know.
    kOptional,  // Not there, and needed for a part only.
    kMissing,   // Without it the role cannot work.
  };
  std::string name;  // "OpenOCD"
  State state = State::kOk;
  std::string text;  // What was found.
  std::string fix;   // A command or a setting, where something is to be done; else empty.
};

class Check {
 public:
  virtual ~Check() = default;
  virtual std::vector<Finding> Look(const Host& host) const = 0;
};

}  // namespace boardloop
