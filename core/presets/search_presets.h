// Searches to begin with: Fashion-MNIST on a virtual board.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

std::vector<std::string> SearchPresetNames();

// "quick": minutes on two cores. "standard": the numbers of the papers, some hours.
// What CheckSpec accepts; a caller changes what it likes.
//
// NOT_FOUND  no such preset; the message lists the names
absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name);

}  // namespace boardloop
