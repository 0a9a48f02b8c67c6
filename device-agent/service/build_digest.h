// What a measurement depends on beside the network, as one digest: equal digests and equal networks give equal measurements, on
// virtual boards exactly.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/builder.h"

namespace boardloop {

// Of the resident image (engine, compiler, flags, memories), this program (code generator, planner, virtual board's cycle model) and
// the timing source. Builds the resident image if the cache does not have it. Errors are those of BuildResident.
absl::StatusOr<std::string> BuildDigest(const BoardType& type, Builder& builder);

}  // namespace boardloop
