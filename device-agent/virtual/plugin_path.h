// Where the QEMU plugin lies that counts cycles.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace boardloop {

// Beside `program`, boardloop-vboard: bin/ and lib/ of an installation or of a build tree.
//
// NOT_FOUND  it is not there
absl::StatusOr<std::string> FindCyclePlugin(const std::filesystem::path& program);

}  // namespace boardloop
