// What every row must be, in each implementation of Store: the rules that a write is held to.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boardloop/v1/board.pb.h"
#include "boardloop/v1/event.pb.h"
#include "boardloop/v1/measure_service.pb.h"
#include "boardloop/v1/search.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

// The parts of `searches/{search}/candidates/{number}`.
struct CandidateKey {
  std::string search;  // "searches/{search}".
  int64_t number = 0;  // From 1.
};

// INVALID_ARGUMENT  not such a name
absl::StatusOr<CandidateKey> ParseCandidateName(const std::string& name);

// Whether an event or a task belongs to a search: `searches/...`.
bool IsSearch(const std::string& name);

// INVALID_ARGUMENT  the row lacks what it is found by; the message names the field
absl::Status CheckRow(const v1::Search& search);
absl::Status CheckRow(const v1::Candidate& candidate);
absl::Status CheckRow(const store::Task& task);
absl::Status CheckRow(const store::LateResult& late);
absl::Status CheckRow(const v1::Board& board);
absl::Status CheckRow(const v1::Member& member);
absl::Status CheckRow(const v1::MeasurementJob& measurement);
absl::Status CheckRow(const store::CachedMeasurement& cached);
absl::Status CheckRow(const store::Predictor& predictor);
absl::Status CheckRow(const v1::Event& event);
absl::Status CheckRow(const store::Request& request);
absl::Status CheckRow(const store::Token& token);
absl::Status CheckRow(const store::KnownIdentity& identity);
absl::Status CheckRow(const store::ArtifactRow& artifact);

}  // namespace boardloop
