// Search presets: a whole search of a known data set, to start from.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

std::vector<std::string> SearchPresetNames();

// "quick" (minutes on two CPU cores) or "standard": Fashion-MNIST for a virtual STM32F405.
//
// NOT_FOUND  no such preset; the message lists the names
absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name);

}  // namespace boardloop
