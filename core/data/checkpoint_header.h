// What a checkpoint file says of itself (docs/formats/checkpoint.md), without its tensors.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/checkpoint.pb.h"

namespace boardloop {

inline constexpr char kCheckpointMagic[] = "BLCKPT01";  // Eight characters.

// The header of the file whose content is `bytes`, the tensors behind it unread. `source` names it.
//
// INVALID_ARGUMENT  not a checkpoint, of another version, or cut off
absl::StatusOr<v1::CheckpointHeader> ParseCheckpointHeader(const std::string& bytes,
                                                           const std::string& source);

}  // namespace boardloop
