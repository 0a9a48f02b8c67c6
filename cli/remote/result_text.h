// A finished search in a table: what `boardloop get` says of the result.json that it has fetched.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// One line a figure: its value, the limit, which share of random networks the limit refuses, and how the figure is known. What the
// file does not have is left out, whole lines too. `json` is a result.json (docs/formats/result.md).
//
// INVALID_ARGUMENT  not a JSON object
absl::StatusOr<std::string> ResultText(const std::string& json);

}  // namespace boardloop
