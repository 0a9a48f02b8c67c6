// A network's C library as one file.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "core/plan/plan.h"

namespace boardloop {

// The folder that ExportLibrary writes, as a .tar.gz: equal libraries are equal bytes. Errors as
// MakeEngineProgram, ExportLibrary and FindFirmwareSources, and
//
// NOT_FOUND, INTERNAL  no `tar`, or it failed
absl::StatusOr<std::string> LibraryArchive(const Model& model, const Plan& plan);

}  // namespace boardloop
