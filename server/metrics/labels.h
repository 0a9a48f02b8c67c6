// How values of rows are written as labels.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "boardloop/v1/board.pb.h"
#include "boardloop/v1/measurement.pb.h"
#include "boardloop/v1/search.pb.h"
#include "server/store/rows.pb.h"

namespace boardloop {

// Types that keep their names; with the seven outcomes of measurements, and "other", that stays below 100 series.
inline constexpr size_t kMaxBoardTypes = 12;

std::string LabelOf(store::Task::Kind kind);            // "score"
std::string LabelOf(v1::Search::State state);           // "running"
std::string LabelOf(v1::Search::Stage stage);           // "evolution"
std::string LabelOf(v1::Candidate::State state);        // "feasible"
std::string LabelOf(v1::Board::State state);            // "idle"
std::string LabelOf(v1::Member::Kind kind);             // "worker"
std::string LabelOf(v1::Member::State state);           // "active"
std::string LabelOf(v1::Measurement::Outcome outcome);  // "ok", "infeasible"
std::string StepLabel(const std::string& step);         // Of Measurement.seconds: "flash", "other"

// All values but the unspecified one, as ascending numbers.
template <typename Enum>
std::vector<Enum> AllOf(int last) {
  std::vector<Enum> values;
  for (int value = 1; value <= last; ++value) values.push_back(static_cast<Enum>(value));
  return values;
}
inline std::vector<store::Task::Kind> TaskKinds() {
  return AllOf<store::Task::Kind>(store::Task::Kind_MAX);
}
inline std::vector<v1::Search::State> SearchStates() {
  return AllOf<v1::Search::State>(v1::Search::State_MAX);
}
// Of running searches: without DONE.
inline std::vector<v1::Search::Stage> SearchStages() {
  return AllOf<v1::Search::Stage>(v1::Search::DELIVERY);
}
inline std::vector<v1::Candidate::State> CandidateStates() {
  return AllOf<v1::Candidate::State>(v1::Candidate::State_MAX);
}
inline std::vector<v1::Board::State> BoardStates() {
  return AllOf<v1::Board::State>(v1::Board::State_MAX);
}
inline std::vector<v1::Member::Kind> MemberKinds() {
  return AllOf<v1::Member::Kind>(v1::Member::Kind_MAX);
}
inline std::vector<v1::Member::State> MemberStates() {
  return AllOf<v1::Member::State>(v1::Member::State_MAX);
}
inline std::vector<v1::Measurement::Outcome> Outcomes() {
  return AllOf<v1::Measurement::Outcome>(v1::Measurement::Outcome_MAX);
}
std::vector<std::string> StepLabels();

// Board types that this program knows and can be measured on.
std::vector<std::string> MeasurableBoardTypes();

}  // namespace boardloop
