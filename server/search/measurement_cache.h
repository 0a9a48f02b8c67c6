// Measurements found again: a network that was measured before is not measured again.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace boardloop {

// What a resident measurement depends on: the network, how it is planned, and all that BoardReport::build_digest stands for.
std::string CacheKey(const std::string& graph_digest, const std::string& plan_digest,
                     const std::string& build_digest);

// What the boards of a type have in common; empty when there is none in service, or when they differ: then nothing can be taken
// from the cache, as it is not known whose measurement it would stand for.
absl::StatusOr<std::string> CommonBuildDigest(Transaction& tx, const std::string& board_type);

// Of a candidate, if it is there.
absl::StatusOr<std::optional<v1::Measurement>> FindMeasurement(Transaction& tx,
                                                               const v1::Candidate& candidate,
                                                               const std::string& build_digest);

// Keeps what came out of `task` for `candidate`, if it says something of the network: OK, or that it does not fit.
absl::Status KeepMeasurement(Transaction& tx, const store::Task& task,
                             const v1::Candidate& candidate, int64_t now_ms);

}  // namespace boardloop
