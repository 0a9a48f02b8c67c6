// Whether a coordinator answers, of which version it is, and whether the key it knows us by is ours alone.
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
  std::vector<Finding> LookAtKey(const Host& host) const;
  Finding LookAtCoordinator(const Host& host) const;

  const Target coordinator_;
  const std::string version_;
};

}  // namespace boardloop
