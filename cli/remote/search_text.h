// Searches and candidates as text for people.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boardloop/v1/event.pb.h"
#include "boardloop/v1/search.pb.h"
#include "cli/table.h"
#include "google/protobuf/repeated_field.h"

namespace boardloop {

using Candidates = google::protobuf::RepeatedPtrField<v1::Candidate>;
using Searches = google::protobuf::RepeatedPtrField<v1::Search>;

// One line a search, as `list` prints it.
Table SearchesTable(const Searches& searches, absl::Time now);
// One line a candidate; with `states` also whether each is feasible, and why not.
Table CandidatesTable(const Candidates& candidates, bool states);

// All that `show` says of a search.
std::string SearchText(const v1::Search& search, absl::Time now);
// All that `show` says of a candidate.
std::string CandidateText(const v1::Candidate& candidate);

// The pairs of width multiplier and resolution, ranked ones first, at most `rows` (0: all); empty without any.
std::string SpacesText(const v1::Search& search, int rows);

// Which share of random networks each limit refuses, and where those networks lie; empty when it was not asked.
std::string LimitSharesText(const v1::Search& search);

// "12 of 120 scored, ...": counts of candidates by state.
std::string CandidateCounts(const v1::SearchProgress& progress);
// "candidate 47: top-1 84.12 %, 12.3 ms"; empty while there is none.
std::string BestText(const v1::SearchProgress& progress);
// "SRAM 64.0 kB, flash 1,024.0 kB, 20.0 ms"; what is not limited is left out.
std::string LimitsText(const v1::Limits& limits);

// "14:03:09  STAGE_BEGAN  text": one line of an event, the subject before the text unless it is `subject`.
std::string EventText(const v1::Event& event, const std::string& subject);

}  // namespace boardloop
