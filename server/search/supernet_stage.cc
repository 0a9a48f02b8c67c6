#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/search/stages.h"
#include "server/store/artifact_references.h"

namespace boardloop {
namespace {

store::Task TrainTaskOf(const v1::Search& search) {
  store::Task task;
  task.set_owner(search.name());
  task.set_kind(store::Task::TRAIN);
  task.set_priority(kSearchPriority);
  task.set_requirement(search.spec().dataset().path());
  v1::TrainTask& train = *task.mutable_payload()->mutable_train();
  *train.mutable_supernet()->mutable_space() = search.spec().space();
  train.mutable_supernet()->set_width_mult(search.width_mult());
  train.mutable_supernet()->set_resolution(search.resolution());
  *train.mutable_dataset() = search.spec().dataset();
  train.mutable_dataset()->set_resolution(search.resolution());
  *train.mutable_training() = search.spec().supernet_training();
  train.mutable_training()->set_seed(search.spec().seed());
  return task;
}

absl::Status BeginEvolution(const SearchContext& context, const v1::Search& search,
                            const std::string& supernet) {
  // It must be readable before anything is based on it.
  const absl::StatusOr<v1::CheckpointHeader> header = SupernetOf(context, supernet);
  if (!header.ok()) {
    return EndSearch(context, search.name(), v1::Search::FAILED,
                     absl::StrCat("the super-network: ", std::string(header.status().message())));
  }
  return UpdateSearch(context, search.name(),
                      [&](Transaction& tx, v1::Search& row) -> absl::Status {
                        row.set_supernet(supernet);
                        row.set_stage(v1::Search::EVOLUTION);
                        BL_RETURN_IF_ERROR(ReferToArtifact(tx, supernet, search.name()));
                        return AddEvent(tx, context.clock.Now(), row.name(), "STAGE_BEGAN",
                                        absl::StrCat("evolution in ", supernet));
                      });
}

}  // namespace

absl::Status SupernetStage(const SearchContext& context, const SearchView& view) {
  const v1::Search& search = view.search;
  if (!search.spec().supernet_artifact().empty()) {
    return BeginEvolution(context, search, search.spec().supernet_artifact());
  }
  std::vector<store::Task> tasks;
  const absl::Status read = context.store.Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.owner = search.name();
    query.kind = store::Task::TRAIN;
    BL_ASSIGN_OR_RETURN(tasks, tx.ListTasks(query));
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  if (tasks.empty()) {
    return UpdateSearch(context, search.name(),
                        [&](Transaction& tx, v1::Search& row) -> absl::Status {
                          return context.scheduler.AddTask(tx, TrainTaskOf(row)).status();
                        });
  }
  const store::Task& task = tasks.back();
  if (task.state() == store::Task::DONE) {
    return BeginEvolution(context, search, task.result().train().supernet());
  }
  return EndSearch(context, search.name(), v1::Search::FAILED,
                   absl::StrCat("training the super-network: ", MessageOf(task.result())));
}

}  // namespace boardloop
