// Resource names as people type them: with their collection ("searches/quick-fox") or without ("quick-fox").
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// The full name of `text` in `collection` ("searches").
//
// INVALID_ARGUMENT  empty, or of another collection
absl::StatusOr<std::string> ResourceName(const std::string& collection, const std::string& text);

// What stands behind the last '/'.
std::string LastPart(const std::string& name);

}  // namespace boardloop
