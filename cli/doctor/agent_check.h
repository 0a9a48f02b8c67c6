// What `boardloop-agent check` says of tools and debug probes: the agent looks, who uses them.
#pragma once

#include "cli/doctor/check.h"

namespace boardloop {

class AgentCheck : public Check {
 public:
  std::vector<Finding> Look(const Host& host) const override;
};

}  // namespace boardloop
