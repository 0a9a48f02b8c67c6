#include "server/search/candidate_rules.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/scheduler/task_rules.h"

namespace boardloop {
namespace {

using v1::Candidate;

void End(Candidate& candidate, Candidate::State state, const std::string& reason) {
  candidate.set_state(state);
  candidate.set_reason(reason);
}

// Why the board's answer is no; empty when it is not.
std::string Objection(const Candidate& candidate) {
  const v1::Measurement& measurement = candidate.measurement();
  switch (measurement.outcome()) {
    case v1::Measurement::OUTCOME_UNSPECIFIED:
    case v1::Measurement::OK:
      return "";
    case v1::Measurement::OUTCOME_INFEASIBLE:
      return measurement.message();
    default:
      return absl::StrCat("it fails on boards: ", measurement.message());
  }
}

}  // namespace

void ApplyScore(Candidate& candidate, const store::Task& task) {
  if (task.state() == store::Task::DONE && task.result().has_score()) {
    candidate.set_top1(task.result().score().top1());
    return;
  }
  End(candidate, Candidate::FAILED,
      absl::StrCat("no score after ", task.attempts(), " attempts: ", MessageOf(task.result())));
}

void ApplyMeasurement(Candidate& candidate, const v1::Measurement& measurement) {
  *candidate.mutable_measurement() = measurement;
  if (measurement.outcome() == v1::Measurement::OK) {
    candidate.set_latency_ms(measurement.latency_ms());
  }
}

void ApplyMeasureFailure(Candidate& candidate, const std::string& message) {
  if (candidate.state() != Candidate::PENDING) return;
  End(candidate, Candidate::FAILED, absl::StrCat("no measurement: ", message));
}

void Resolve(Candidate& candidate, const v1::Limits& limits) {
  if (candidate.state() != Candidate::PENDING) return;
  const std::string objection = Objection(candidate);
  if (!objection.empty()) return End(candidate, Candidate::INFEASIBLE, objection);
  const bool measured = candidate.has_latency_ms();
  const double latency = measured ? candidate.latency_ms() : candidate.predicted_latency_ms();
  if (limits.latency_ms() > 0 && latency > limits.latency_ms()) {
    return End(candidate, Candidate::INFEASIBLE,
               absl::StrFormat("latency %.4g ms%s, the limit is %.4g ms", latency,
                               measured ? "" : " (predicted)", limits.latency_ms()));
  }
  if (!candidate.has_top1()) return End(candidate, Candidate::FAILED, "it was not scored");
  End(candidate, Candidate::FEASIBLE, "");
}

}  // namespace boardloop
