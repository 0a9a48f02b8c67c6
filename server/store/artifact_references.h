// References to artifacts by their names, as messages have them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/store/store.h"

namespace boardloop {

// `owner` refers to `artifact` (`artifacts/{sha256}`) from now on.
//
// NOT_FOUND  it is no name of an artifact, or there is none of that name
absl::Status ReferToArtifact(Transaction& tx, const std::string& artifact,
                             const std::string& owner);

}  // namespace boardloop
