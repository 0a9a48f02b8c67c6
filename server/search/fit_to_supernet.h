// A search in a super-network that is there already.
#pragma once

#include "absl/status/status.h"
#include "boardloop/v1/checkpoint.pb.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

// Gives `spec` the data set and space of the checkpoint that it names, which are those that its candidates are scored with.
// What `spec` sets of them itself must agree; a field of 0 asks for nothing. Width multipliers and resolutions that allow the
// checkpoint's are dropped.
//
// INVALID_ARGUMENT  a field of `spec` contradicts the checkpoint: the message has both values; or the checkpoint's data set
//                   has a relative path, which workers cannot find
absl::Status FitToSupernet(const v1::CheckpointHeader& header, v1::SearchSpec& spec);

}  // namespace boardloop
