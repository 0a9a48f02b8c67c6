// What a measurement depends on beside the network, as one digest: equal digests and equal networks give equal measurements, on
// virtual boards exactly.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "device-agent/measure/prepare.h"

namespace boardloop {

// Of the resident image (engine, compiler, flags, memories), this program (code generator, planner, virtual board's cycle model) and
// the timing source. Builds the resident image if nobody has. Errors are those of Builder::BuildResident().
absl::StatusOr<std::string> BuildDigest(Preparer& preparer);

}  // namespace boardloop
