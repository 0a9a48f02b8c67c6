// What a checkpoint file says of itself (docs/formats/checkpoint.md), without its tensors.
#pragma once

#include <cstdint>
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

// The same of a file of `file_bytes` that begins with `head`, in which the header lies whole: it is as long as its header says.
//
// INVALID_ARGUMENT  also: bytes are missing, or too many
absl::StatusOr<v1::CheckpointHeader> ParseCheckpointHead(const std::string& head,
                                                         int64_t file_bytes,
                                                         const std::string& source);

// The same of a file that is whole: it is as long as its header says, and its content has the hash at its end.
//
// INVALID_ARGUMENT  also: bytes are missing, too many or damaged
absl::StatusOr<v1::CheckpointHeader> ParseWholeCheckpoint(const std::string& bytes,
                                                          const std::string& source);

}  // namespace boardloop
