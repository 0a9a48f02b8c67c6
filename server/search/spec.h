// What a user asks for: is it possible at all, and what do the values mean that were left out.
#pragma once

#include "absl/status/status.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

// Checks every range that search.proto, dataset.proto and training.proto document, 0 standing for
// the default where they say so. Nothing is looked up: whether board type, data set and checkpoint
// exist is not asked.
//
// INVALID_ARGUMENT  names the field from the spec on ("evolution.parents is 30, must be in [1,
// 24]")
absl::Status CheckSpec(const v1::SearchSpec& spec);

// `spec` with the documented defaults filled in. No objective stands for OBJECTIVE_ACCURACY, no
// policy for MEASURE_POLICY_ALL. Limits of 0 stay: they are the board type's. Filling in twice
// changes nothing.
v1::SearchSpec WithDefaults(v1::SearchSpec spec);

}  // namespace boardloop
