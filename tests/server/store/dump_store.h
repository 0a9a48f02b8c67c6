// Everything that a store answers, as text: equal stores have equal dumps.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace boardloop {

absl::StatusOr<std::string> DumpStore(Store& store);

}  // namespace boardloop
