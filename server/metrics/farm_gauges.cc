#include "server/metrics/farm_gauges.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "server/metrics/labels.h"

namespace boardloop {
namespace {

using store::Task;

// Board rows come from agents: more types than could ever have a label need not be asked about.
constexpr size_t kMostTypes = 100;

}  // namespace

FarmGauges::FarmGauges(Metrics& metrics, const Clock& clock, BoundedLabel& board_types)
    : clock_(clock),
      board_types_(board_types),
      queued_(metrics.AddGauges("tasks_queued", "Tasks that wait.")),
      running_(metrics.AddGauges("tasks_running", "Tasks that a worker or an agent has.")),
      oldest_(metrics.AddGauges("task_oldest_queued_seconds",
                                "Since the task was created that waits longest; 0: none waits.")),
      boards_(metrics.AddGauges("boards", "Boards by state.")),
      drift_(metrics.AddGauges("golden_drift_ratio",
                               "Of the worst board of the type that is connected: |latency of the "
                               "golden model - that of its first good check| / the first.")),
      predictor_error_(metrics.AddGauges("predictor_error_ratio",
                                         "Mean error of the newest latency predictor on networks "
                                         "that it had not seen, as a share of the latency.")),
      predictor_measurements_(
          metrics.AddGauges("predictor_measurements", "Networks that it was learned from.")),
      members_(metrics.AddGauges("members", "Workers and agents by state.")) {
  for (const std::string& name : MeasurableBoardTypes()) {
    types_.insert(name);
    Show(board_types_.Of(name), Type());
  }
  for (const Task::Kind kind : TaskKinds()) {
    if (kind != Task::MEASURE) Show(kind, "", Queue());
  }
  for (const v1::Member::Kind kind : MemberKinds()) {
    for (const v1::Member::State state : MemberStates()) {
      members_.Add({{"kind", LabelOf(kind)}, {"state", LabelOf(state)}});
    }
  }
}

absl::Status FarmGauges::LookUp(Store& store) {
  std::map<std::string, Type> by_label;
  std::map<Task::Kind, Queue> of_workers;
  std::map<std::pair<v1::Member::Kind, v1::Member::State>, int64_t> members;
  const absl::Status read = store.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
    for (const v1::Board& board : boards) {
      if (types_.size() < kMostTypes) types_.insert(board.board_type());
      Type& type = by_label[board_types_.Of(board.board_type())];
      ++type.boards[board.state()];
      if (board.state() != v1::Board::OFFLINE) {
        type.golden_drift = std::max(type.golden_drift, board.golden_drift());
      }
    }
    for (const std::string& name : types_) {
      BL_RETURN_IF_ERROR(AddType(tx, name, by_label[board_types_.Of(name)]));
    }
    for (const Task::Kind kind : TaskKinds()) {
      if (kind != Task::MEASURE) BL_RETURN_IF_ERROR(AddQueue(tx, kind, "", of_workers[kind]));
    }
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Member> rows, tx.ListMembers());
    for (const v1::Member& member : rows) ++members[{member.kind(), member.state()}];
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  for (const auto& [label, type] : by_label) Show(label, type);
  for (const auto& [kind, queue] : of_workers) Show(kind, "", queue);
  for (const v1::Member::Kind kind : MemberKinds()) {
    for (const v1::Member::State state : MemberStates()) {
      members_.Add({{"kind", LabelOf(kind)}, {"state", LabelOf(state)}})
          .Set(static_cast<double>(members[{kind, state}]));
    }
  }
  return absl::OkStatus();
}

absl::Status FarmGauges::AddType(Transaction& tx, const std::string& name, Type& type) const {
  BL_RETURN_IF_ERROR(AddQueue(tx, Task::MEASURE, name, type.measure));
  BL_ASSIGN_OR_RETURN(const std::optional<store::Predictor> predictor, tx.GetPredictor(name));
  if (!predictor.has_value()) return absl::OkStatus();
  type.predictor_error = std::max(type.predictor_error, predictor->error_percent() / 100);
  type.predictor_measurements += predictor->measurements();
  return absl::OkStatus();
}

absl::Status FarmGauges::AddQueue(Transaction& tx, Task::Kind kind, const std::string& type,
                                  Queue& queue) const {
  TaskQuery query;
  query.kind = kind;
  query.requirement = type;
  query.state = Task::RUNNING;
  BL_ASSIGN_OR_RETURN(const int64_t running, tx.CountTasks(query));
  query.state = Task::QUEUED;
  BL_ASSIGN_OR_RETURN(const int64_t queued, tx.CountTasks(query));
  queue.running += running;
  queue.queued += queued;
  if (queued == 0) return absl::OkStatus();
  query.limit = 1;  // By id, so the oldest.
  BL_ASSIGN_OR_RETURN(const std::vector<Task> oldest, tx.ListTasks(query));
  if (oldest.empty()) return absl::OkStatus();
  const int64_t age_ms = absl::ToUnixMillis(clock_.Now()) - oldest[0].create_time_ms();
  queue.oldest_seconds = std::max(queue.oldest_seconds, static_cast<double>(age_ms) / 1000);
  return absl::OkStatus();
}

void FarmGauges::Show(Task::Kind kind, const std::string& type, const Queue& queue) {
  const std::map<std::string, std::string> labels = {{"kind", LabelOf(kind)}, {"board_type", type}};
  queued_.Add(labels).Set(static_cast<double>(queue.queued));
  running_.Add(labels).Set(static_cast<double>(queue.running));
  oldest_.Add(labels).Set(queue.oldest_seconds);
}

void FarmGauges::Show(const std::string& label, const Type& type) {
  Show(Task::MEASURE, label, type.measure);
  for (const v1::Board::State state : BoardStates()) {
    const auto count = type.boards.find(state);
    boards_.Add({{"board_type", label}, {"state", LabelOf(state)}})
        .Set(count == type.boards.end() ? 0 : static_cast<double>(count->second));
  }
  drift_.Add({{"board_type", label}}).Set(type.golden_drift);
  predictor_error_.Add({{"board_type", label}}).Set(type.predictor_error);
  predictor_measurements_.Add({{"board_type", label}})
      .Set(static_cast<double>(type.predictor_measurements));
}

}  // namespace boardloop
