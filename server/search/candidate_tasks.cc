#include "server/search/candidate_tasks.h"

#include "server/scheduler/scheduler.h"
#include "server/search/names.h"

namespace boardloop {
namespace {

store::Task TaskOf(const v1::Search& search, const v1::Candidate& candidate,
                   store::Task::Kind kind) {
  store::Task task;
  task.set_owner(search.name());
  task.set_candidate(CandidateNumber(candidate.name()));
  task.set_kind(kind);
  task.set_priority(kSearchPriority);
  task.set_requirement(kind == store::Task::MEASURE ? search.spec().board_type()
                                                    : search.spec().dataset().path());
  return task;
}

v1::MeasureTask& SetMeasure(store::Task& task, const v1::Search& search,
                            const v1::Candidate& candidate, v1::Measurement::Mode mode) {
  v1::MeasureTask& measure = *task.mutable_payload()->mutable_measure();
  measure.set_board_type(search.spec().board_type());
  measure.set_mode(mode);
  measure.set_patches(search.spec().patches());
  measure.set_sram_limit_bytes(search.limits().sram_bytes());
  measure.set_graph_digest(candidate.graph_digest());
  measure.set_plan_digest(candidate.plan_digest());
  return measure;
}

}  // namespace

store::Task ScoreTaskOf(const v1::Search& search, const v1::Candidate& candidate) {
  store::Task task = TaskOf(search, candidate, store::Task::SCORE);
  v1::ScoreTask& score = *task.mutable_payload()->mutable_score();
  score.set_supernet(search.supernet());
  score.set_subnet(candidate.subnet());
  *score.mutable_scoring() = search.spec().scoring();
  score.set_seed(search.spec().seed());
  return task;
}

store::Task MeasureTaskOf(const v1::Search& search, const v1::Candidate& candidate) {
  store::Task task = TaskOf(search, candidate, store::Task::MEASURE);
  v1::MeasureTask& measure = SetMeasure(task, search, candidate, v1::Measurement::RESIDENT);
  *measure.mutable_subnet()->mutable_space() = search.spec().space();
  measure.mutable_subnet()->set_subnet(candidate.subnet());
  return task;
}

store::Task SpecializeTaskOf(const v1::Search& search, const v1::Candidate& candidate) {
  store::Task task = TaskOf(search, candidate, store::Task::SPECIALIZE);
  v1::SpecializeTask& specialize = *task.mutable_payload()->mutable_specialize();
  specialize.set_supernet(search.supernet());
  specialize.set_subnet(candidate.subnet());
  *specialize.mutable_specialization() = search.spec().specialization();
  specialize.set_seed(search.spec().seed());
  return task;
}

store::Task VerifyTaskOf(const v1::Search& search, const v1::Candidate& candidate,
                         const v1::SpecializeOutput& specialized) {
  store::Task task = TaskOf(search, candidate, store::Task::MEASURE);
  v1::MeasureTask& measure = SetMeasure(task, search, candidate, v1::Measurement::IMAGE);
  // Operators have other names in a trained model's file: what counts is what is measured.
  measure.clear_graph_digest();
  measure.clear_plan_digest();
  measure.set_model(specialized.model_blm());
  measure.set_samples(specialized.samples());
  measure.set_inputs(1);
  measure.set_deliver(true);
  return task;
}

bool IsVerification(const store::Task& task) {
  return task.kind() == store::Task::MEASURE &&
         task.payload().measure().mode() == v1::Measurement::IMAGE;
}

}  // namespace boardloop
