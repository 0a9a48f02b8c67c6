#include "tests/server/store/store_rows.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace boardloop {

v1::Search SearchRow(const std::string& name, v1::Search::State state) {
  v1::Search search;
  search.set_name(name);
  search.set_state(state);
  search.mutable_spec()->set_board_type("virtual-stm32f405");
  return search;
}

v1::Candidate CandidateRow(const std::string& search, int64_t number, v1::Candidate::State state) {
  v1::Candidate candidate;
  candidate.set_name(absl::StrFormat("%s/candidates/%d", search, number));
  candidate.set_state(state);
  candidate.set_subnet("mbv2-imagenet w0.5 r144");
  return candidate;
}

store::Task TaskRow(const std::string& owner, int32_t priority) {
  store::Task task;
  task.set_owner(owner);
  task.set_kind(store::Task::MEASURE);
  task.set_state(store::Task::QUEUED);
  task.set_priority(priority);
  task.set_requirement("virtual-stm32f405");
  task.mutable_payload()->mutable_measure()->set_board_type("virtual-stm32f405");
  return task;
}

v1::MeasurementJob MeasurementRow(const std::string& name) {
  v1::MeasurementJob measurement;
  measurement.set_name(name);
  measurement.set_state(v1::MeasurementJob::QUEUED);
  return measurement;
}

store::Token TokenRow(const std::string& tag, int64_t expire_time_ms) {
  store::Token token;
  token.set_sha256(std::string(64 - tag.size(), '0') + tag);
  token.set_uses(1);
  token.set_expire_time_ms(expire_time_ms);
  return token;
}

store::ArtifactRow Artifact(const std::string& sha256, int64_t size_bytes, int64_t create_time_ms) {
  store::ArtifactRow artifact;
  artifact.set_sha256(sha256);
  artifact.set_size_bytes(size_bytes);
  artifact.set_create_time_ms(create_time_ms);
  return artifact;
}

v1::Event EventRow(const std::string& subject, const std::string& text) {
  v1::Event event;
  event.set_subject(subject);
  event.set_kind("STAGE_BEGAN");
  event.set_text(text);
  return event;
}

store::Task Granted(store::Task task, const std::string& holder) {
  task.set_state(store::Task::RUNNING);
  task.set_holder(holder);
  task.set_epoch(task.epoch() + 1);
  return task;
}

}  // namespace boardloop
