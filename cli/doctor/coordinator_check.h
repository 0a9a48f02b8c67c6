// Whether a coordinator answers, and of which version it is.
#pragma once

#include <string>
#include <vector>

#include "cli/client/target.h"
#include "cli/doctor/check.h"

namespace boardloop {

class CoordinatorCheck : public Check {
 public:
  // `version` is ours.
  CoordinatorCheck(Target coordinator, std::string version)
      : coordinator_(std::move(coordinator)), version_(std::move(version)) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const Target coordinator_;
  const std::string version_;
};

}  // namespace boardloop
