// Whether a coordinator answers, and of which version it is.
#pragma once

#include <string>
#include <vector>

#include "cli/doctor/check.h"

namespace boardloop {

class CoordinatorCheck : public Check {
 public:
  // `version` is ours.
  CoordinatorCheck(std::string address, std::string version)
      : address_(std::move(address)), version_(std::move(version)) {}
  std::vector<Finding> Look(const Host& host) const override;

 private:
  const std::string address_, version_;
};

}  // namespace boardloop
