// The checks that spaces and subnets share. Each names the field, what it is and what it must be.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace boardloop {

absl::Status CheckRange(const std::string& field, int64_t value, int64_t low, int64_t high);
absl::Status CheckKernelSize(const std::string& field, int32_t value);  // 3, 5 or 7
absl::Status CheckWidthMult(const std::string& field, double value);  // Above 0, to kMaxWidthMult.
absl::Status CheckSpaceName(const std::string& field, const std::string& value);

}  // namespace boardloop
