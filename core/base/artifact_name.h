// Names of artifacts: `artifacts/{sha256}`, 64 lower-case hexadecimal digits of their content.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

std::string ArtifactName(const std::string& sha256);

// The 64 digits of a name, safe to use in a path.
//
// INVALID_ARGUMENT  not a name of an artifact
absl::StatusOr<std::string> ArtifactSha256(const std::string& name);

}  // namespace boardloop
