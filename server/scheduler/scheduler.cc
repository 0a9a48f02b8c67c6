#include "server/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/artifact_references.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

using store::Task;

// A board works on one task and has the next one at hand.
constexpr size_t kLongestProblem = 400;
constexpr int kTasksPerBoard = 2;
// Tasks that one call may skip for a board on which they failed.
constexpr int kMaxSkipped = 50;
// Rows of members are written when something in them changes, and now and then.
constexpr absl::Duration kMemberRowAge = absl::Seconds(30);

bool IsAlone(Task::Kind kind) { return kind == Task::TRAIN || kind == Task::SPECIALIZE; }

bool IsHeld(const v1::SynchronizeRequest& request, const Task& task) {
  return std::any_of(request.held().begin(), request.held().end(), [&](const v1::HeldTask& held) {
    return held.epoch() == task.epoch() && TaskId(held.task()) == task.id();
  });
}

absl::Status InvalidRequest(const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("SynchronizeRequest: ", text));
}

}  // namespace

struct Scheduler::Call {
  Call(const v1::SynchronizeRequest& of, absl::Time at)
      : request(of), now(at), now_ms(absl::ToUnixMillis(at)) {}

  const v1::SynchronizeRequest& request;
  const absl::Time now;
  const int64_t now_ms;

  bool restarted = false;  // Another process than the one that the store knows.
  v1::Member member;       // Its row, written at the end of the call.
  bool member_changed = false;
  std::vector<Task> running;                // Tasks that the member has, as the call goes on.
  std::map<std::string, v1::Board> boards;  // Of the member's reports.

  std::vector<std::string> acknowledged;
  std::vector<std::pair<int64_t, int64_t>> ended;  // Leases: task, epoch.
  std::vector<v1::Grant> grants;
  std::vector<v1::BoardOrder> orders;
  std::set<std::string> changed_owners;
};

std::string TaskName(int64_t id) { return absl::StrCat("tasks/", id); }

int64_t TaskId(const std::string& name) {
  int64_t id = -1;
  if (name.rfind("tasks/", 0) != 0 || !absl::SimpleAtoi(name.substr(6), &id)) return -1;
  return id;
}

absl::Status AddEvent(Transaction& tx, absl::Time now, const std::string& subject,
                      const std::string& kind, const std::string& text) {
  v1::Event event;
  *event.mutable_time() = ToTimestamp(now);
  event.set_subject(subject);
  event.set_kind(kind);
  event.set_text(text.substr(0, 2000));
  return tx.InsertEvent(event).status();
}

Scheduler::Scheduler(Store& store, const Clock& clock, TaskOwner& owner, const Options& options)
    : store_(store), clock_(clock), owner_(owner), options_(options), leases_(options.lease) {}

int64_t Scheduler::NowMs() const { return absl::ToUnixMillis(clock_.Now()); }

void Scheduler::Tell(Transaction& tx, std::function<void(SchedulerObserver&)> what) const {
  if (options_.observer == nullptr) return;
  tx.AfterCommit([observer = options_.observer, what = std::move(what)] { what(*observer); });
}

absl::Status Scheduler::Load() {
  std::vector<Task> running, queued;
  std::vector<v1::Member> members;
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.state = Task::RUNNING;
    BL_ASSIGN_OR_RETURN(running, tx.ListTasks(query));
    query.state = Task::QUEUED;
    BL_ASSIGN_OR_RETURN(queued, tx.ListTasks(query));
    BL_ASSIGN_OR_RETURN(members, tx.ListMembers());
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  const absl::Duration now = clock_.Steady();
  MutexLock lock(mu_);
  for (const Task& task : running) leases_.Add(task.id(), task.epoch(), task.holder(), now);
  // Those that went while no coordinator ran are found silent like any other.
  for (const v1::Member& row : members) {
    if (row.state() == v1::Member::LOST) continue;
    MemberState& member = members_[row.name()];
    member.kind = row.kind();
    member.instance = row.instance();
    member.draining = row.state() == v1::Member::DRAINING;
    member.last_call = now;
    member.last_call_time = FromTimestamp(row.last_call_time());
  }
  for (const std::vector<Task>* tasks : {&running, &queued}) {
    for (const Task& task : *tasks) {
      if (task.kind() != Task::MEASURE) asked_datasets_.insert(task.requirement());
    }
  }
  return absl::OkStatus();
}

absl::Status Scheduler::CheckRequest(const v1::SynchronizeRequest& request) const {
  if (request.protocol_version() != kProtocolVersion) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s speaks version %d of the protocol, this coordinator version %d: "
                        "install the same release on both",
                        request.member(), request.protocol_version(), kProtocolVersion));
  }
  if (request.member().rfind("members/", 0) != 0 || request.member().size() < 9) {
    return InvalidRequest(
        absl::StrFormat("member is \"%s\", must be members/NAME", request.member()));
  }
  if (request.instance().empty()) return InvalidRequest("instance is empty");
  if (request.kind() != v1::Member::WORKER && request.kind() != v1::Member::AGENT) {
    return InvalidRequest("kind must be WORKER or AGENT");
  }
  if (request.capacity() < 0 || request.capacity() > 10000) {
    return InvalidRequest(
        absl::StrFormat("capacity is %d, must be in [0, 10000]", request.capacity()));
  }
  for (const v1::BoardReport& board : request.boards()) {
    if (board.name().rfind("boards/", 0) != 0 || board.board_type().empty()) {
      return InvalidRequest(
          absl::StrFormat("board \"%s\" of type \"%s\": needs boards/NAME and a type", board.name(),
                          board.board_type()));
    }
  }
  return absl::OkStatus();
}

void Scheduler::NoteCall(const v1::SynchronizeRequest& request) {
  MutexLock lock(mu_);
  MemberState& member = members_[request.member()];
  member.instance = request.instance();
  member.kind = request.kind();
  member.last_call = clock_.Steady();
  member.last_call_time = clock_.Now();
  member.draining = request.draining();
  member.datasets = {request.datasets().begin(), request.datasets().end()};
  member.dataset_problems.clear();
  for (const v1::DatasetProblem& problem : request.dataset_problems()) {
    if (asked_datasets_.count(problem.path()) == 0) continue;
    member.dataset_problems[problem.path()] = problem.problem().substr(0, kLongestProblem);
  }
  for (const v1::HeldTask& held : request.held()) {
    const int64_t id = TaskId(held.task());
    if (leases_.Renew(id, held.epoch(), request.member(), member.last_call)) {
      progress_[id] = held.progress();
    }
  }
}

absl::StatusOr<v1::SynchronizeResponse> Scheduler::Synchronize(
    const v1::SynchronizeRequest& request) {
  BL_RETURN_IF_ERROR(CheckRequest(request));
  NoteCall(request);
  Call call(request, clock_.Now());
  BL_RETURN_IF_ERROR(store_.Run([&](Transaction& tx) { return Serve(tx, call); }));
  v1::SynchronizeResponse response;
  Conclude(call, response);
  for (const std::string& owner : call.changed_owners) owner_.OwnerChanged(owner);
  return response;
}

absl::Status Scheduler::Serve(Transaction& tx, Call& call) {
  BL_RETURN_IF_ERROR(UpdateMember(tx, call));
  BL_RETURN_IF_ERROR(TakeReports(tx, call));
  for (const v1::FinishedTask& finished : call.request.finished()) {
    BL_RETURN_IF_ERROR(TakeResult(tx, call, finished));
  }
  BL_RETURN_IF_ERROR(ReturnUnknown(tx, call));
  BL_RETURN_IF_ERROR(TakeProgress(tx, call));
  if (!call.request.draining() && call.request.capacity() > 0) {
    BL_RETURN_IF_ERROR(call.request.kind() == v1::Member::WORKER ? GrantToWorker(tx, call)
                                                                 : GrantToAgent(tx, call));
  }
  BL_RETURN_IF_ERROR(UpdateBoardTasks(tx, call));
  if (!call.member_changed) return absl::OkStatus();
  *call.member.mutable_last_call_time() = ToTimestamp(call.now);
  return tx.PutMember(call.member);
}

absl::Status Scheduler::UpdateMember(Transaction& tx, Call& call) {
  const v1::SynchronizeRequest& request = call.request;
  BL_ASSIGN_OR_RETURN(const std::optional<v1::Member> before, tx.GetMember(request.member()));
  call.restarted = before.has_value() && before->instance() != request.instance();
  v1::Member member = before.value_or(v1::Member());
  member.set_name(request.member());
  member.set_kind(request.kind());
  member.set_state(request.draining() ? v1::Member::DRAINING : v1::Member::ACTIVE);
  member.set_device(request.device());
  member.set_version(request.version());
  member.set_instance(request.instance());
  const bool stale = call.now - FromTimestamp(member.last_call_time()) >= kMemberRowAge;
  const bool changed =
      !before.has_value() || before->SerializeAsString() != member.SerializeAsString();
  if (!before.has_value() || before->state() == v1::Member::LOST || call.restarted) {
    BL_RETURN_IF_ERROR(AddEvent(tx, call.now, member.name(), "MEMBER_APPEARED",
                                absl::StrFormat("%s %s on %s", v1::Member::Kind_Name(member.kind()),
                                                member.version(), member.device())));
  }
  call.member = std::move(member);
  call.member_changed = changed || stale;
  return absl::OkStatus();
}

absl::Status Scheduler::TakeReports(Transaction& tx, Call& call) {
  for (const v1::BoardReport& report : call.request.boards()) {
    BL_ASSIGN_OR_RETURN(const std::optional<v1::Board> before, tx.GetBoard(report.name()));
    if (before.has_value() && before->agent() != call.request.member() &&
        before->state() != v1::Board::OFFLINE) {
      // Two agents claim one name: the first keeps it until it has gone.
      continue;
    }
    v1::Board board = before.value_or(v1::Board());
    ApplyReport(board, report, call.request.member(), call.restarted, options_.board, call.now);
    if (board.task().empty() && CheckIsDue(board, options_.board, call.now)) {
      BeginCheck(board, call.now);
    }
    // A check that is repeated has a reason.
    if (!before.has_value() || before->state() != board.state() ||
        before->reason() != board.reason()) {
      BL_RETURN_IF_ERROR(AddEvent(tx, call.now, board.name(),
                                  absl::StrCat("BOARD_", v1::Board::State_Name(board.state())),
                                  board.reason()));
      if (board.state() == v1::Board::QUARANTINED &&
          (!before.has_value() || before->state() != board.state())) {
        Tell(tx, [type = board.board_type()](SchedulerObserver& o) { o.BoardQuarantined(type); });
      }
    }
    if (!before.has_value() || before->SerializeAsString() != board.SerializeAsString()) {
      BL_RETURN_IF_ERROR(tx.PutBoard(board));
    }
    if (board.state() == v1::Board::CHECKING) {
      v1::BoardOrder& order = call.orders.emplace_back();
      order.set_board(board.name());
      order.set_check(board.check());
    }
    call.boards[board.name()] = std::move(board);
  }
  return call.restarted ? LeaveMissingBoards(tx, call) : absl::OkStatus();
}

// Boards that an earlier process of the agent had, and this one has not: nobody will ever measure on them there.
absl::Status Scheduler::LeaveMissingBoards(Transaction& tx, const Call& call) {
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
  for (v1::Board board : boards) {
    if (board.agent() != call.request.member() || call.boards.count(board.name()) > 0) continue;
    const std::string before = board.SerializeAsString();
    MarkOffline(board, "its agent has it no longer", call.now);
    if (board.SerializeAsString() == before) continue;
    BL_RETURN_IF_ERROR(AddEvent(tx, call.now, board.name(), "BOARD_OFFLINE", board.reason()));
    BL_RETURN_IF_ERROR(tx.PutBoard(board));
  }
  return absl::OkStatus();
}

absl::Status Scheduler::TakeResult(Transaction& tx, Call& call, const v1::FinishedTask& finished) {
  const int64_t id = TaskId(finished.task());
  call.acknowledged.push_back(finished.task());
  BL_ASSIGN_OR_RETURN(std::optional<Task> task, tx.GetTask(id));
  if (!task.has_value()) return absl::OkStatus();  // Of another database: nothing to keep it with.
  if (task->state() != Task::RUNNING || task->epoch() != finished.epoch() ||
      task->holder() != call.request.member()) {
    store::LateResult late;
    late.set_task(id);
    late.set_epoch(finished.epoch());
    late.set_member(call.request.member());
    late.set_time_ms(call.now_ms);
    *late.mutable_result() = finished.result();
    Tell(tx, [task = *task, result = finished.result()](SchedulerObserver& o) {
      o.ResultCame(task, result, /*late=*/true);
    });
    return tx.InsertLateResult(late);
  }
  const Task before = *task;
  Tell(tx, [before, result = finished.result()](SchedulerObserver& o) {
    o.ResultCame(before, result, /*late=*/false);
  });
  FinishTask(*task, finished.result(), options_.task, call.now_ms);
  BL_RETURN_IF_ERROR(CountOnBoard(tx, call, before, finished.result()));
  BL_RETURN_IF_ERROR(tx.UpdateTask(*task));
  call.ended.emplace_back(id, finished.epoch());
  // Here and not for each result that comes: one whose acknowledgement was lost comes again.
  if (finished.result().outcome() != v1::TaskResult::RETURNED) {
    call.member.set_tasks_done(call.member.tasks_done() + 1);
    call.member_changed = true;
  }
  return Moved(tx, call, *task);
}

absl::Status Scheduler::CountOnBoard(Transaction& tx, Call& call, const Task& before,
                                     const v1::TaskResult& result) {
  const Fault fault = FaultOf(result);
  if (fault != Fault::kNone) {
    BL_RETURN_IF_ERROR(
        AddEvent(tx, call.now, before.owner(), "TASK_FAILED",
                 absl::StrFormat(
                     "%s (%s%s) on %s: fault of the %s: %s", TaskName(before.id()),
                     Task::Kind_Name(before.kind()),
                     before.candidate() > 0 ? absl::StrCat(", candidate ", before.candidate()) : "",
                     before.board().empty() ? before.holder() : before.board(), FaultName(fault),
                     MessageOf(result))));
  }
  if (before.board().empty() || result.outcome() == v1::TaskResult::RETURNED) {
    return absl::OkStatus();
  }
  BL_ASSIGN_OR_RETURN(std::optional<v1::Board> board, tx.GetBoard(before.board()));
  if (!board.has_value()) return absl::OkStatus();
  const v1::Board::State state = board->state();
  ApplyResult(*board, fault, MessageOf(result), options_.board, call.now);
  if (board->state() != state) {
    BL_RETURN_IF_ERROR(AddEvent(tx, call.now, board->name(), "BOARD_QUARANTINED", board->reason()));
    Tell(tx, [type = board->board_type()](SchedulerObserver& o) { o.BoardQuarantined(type); });
  }
  BL_RETURN_IF_ERROR(tx.PutBoard(*board));
  call.boards[before.board()] = *std::move(board);
  return absl::OkStatus();
}

// Tasks that are the member's by the store, and that it does not know: those of a process before it, and those whose grant it never
// received. And those that wait for a board which was quarantined meanwhile: others measure them.
absl::Status Scheduler::ReturnUnknown(Transaction& tx, Call& call) {
  TaskQuery query;
  query.state = Task::RUNNING;
  query.holder = call.request.member();
  BL_ASSIGN_OR_RETURN(std::vector<Task> tasks, tx.ListTasks(query));
  for (Task& task : tasks) {
    const auto board = call.boards.find(task.board());
    const bool quarantined =
        board != call.boards.end() && board->second.state() == v1::Board::QUARANTINED;
    if (IsHeld(call.request, task) && !quarantined) {
      call.running.push_back(std::move(task));
      continue;
    }
    call.ended.emplace_back(task.id(), task.epoch());
    if (quarantined || task.instance() == call.request.instance()) {
      ReturnTask(task);
    } else {
      LoseTask(task, options_.task, call.now_ms);
    }
    BL_RETURN_IF_ERROR(tx.UpdateTask(task));
    BL_RETURN_IF_ERROR(Moved(tx, call, task));
  }
  return absl::OkStatus();
}

absl::Status Scheduler::TakeProgress(Transaction& tx, Call& call) {
  for (const v1::HeldTask& held : call.request.held()) {
    if (held.progress().checkpoint().empty()) continue;
    for (Task& task : call.running) {
      if (task.id() != TaskId(held.task()) || task.checkpoint() == held.progress().checkpoint()) {
        continue;
      }
      const absl::Status referred = ReferToArtifact(tx, held.progress().checkpoint(), task.owner());
      if (absl::IsNotFound(referred)) continue;  // Nobody could go on from it.
      BL_RETURN_IF_ERROR(referred);
      task.set_checkpoint(held.progress().checkpoint());
      BL_RETURN_IF_ERROR(tx.UpdateTask(task));
    }
  }
  return absl::OkStatus();
}

absl::Status Scheduler::Grant(Transaction& tx, Call& call, Task task, const std::string& board) {
  const bool first = task.epoch() == 0;
  GrantTask(task, call.request.member(), call.request.instance(), board, call.now_ms);
  BL_RETURN_IF_ERROR(tx.UpdateTask(task));
  Tell(tx, [task](SchedulerObserver& o) { o.TaskGranted(task); });
  if (first) BL_RETURN_IF_ERROR(Moved(tx, call, task));
  v1::Grant& grant = call.grants.emplace_back();
  grant.set_task(TaskName(task.id()));
  grant.set_epoch(task.epoch());
  *grant.mutable_payload() = task.payload();
  grant.set_board(board);
  grant.set_checkpoint(task.checkpoint());
  call.running.push_back(std::move(task));
  return absl::OkStatus();
}

absl::Status Scheduler::Moved(Transaction& tx, Call& call, const Task& task) {
  call.changed_owners.insert(task.owner());
  if (task.state() == Task::DONE || task.state() == Task::FAILED) {
    return owner_.TaskEnded(tx, task);
  }
  return owner_.TaskMoved(tx, task);
}

absl::Status Scheduler::GrantToWorker(Transaction& tx, Call& call) {
  const auto alone = [](const Task& task) { return IsAlone(task.kind()); };
  if (std::any_of(call.running.begin(), call.running.end(), alone)) return absl::OkStatus();
  int32_t free = call.request.capacity() - static_cast<int32_t>(call.running.size());
  // Short work first: it holds up a whole generation.
  for (const Task::Kind kind : {Task::SCORE, Task::SPECIALIZE, Task::TRAIN}) {
    if (IsAlone(kind) && !call.running.empty()) return absl::OkStatus();
    for (const std::string& dataset : call.request.datasets()) {
      BL_ASSIGN_OR_RETURN(std::vector<QueuedOwner> owners, tx.QueuedOwners(kind, dataset));
      std::stable_sort(
          owners.begin(), owners.end(), [](const QueuedOwner& a, const QueuedOwner& b) {
            return std::make_pair(-a.priority, a.running) < std::make_pair(-b.priority, b.running);
          });
      for (const QueuedOwner& owner : owners) {
        while (free > 0) {
          BL_ASSIGN_OR_RETURN(std::optional<Task> task,
                              tx.NextQueued(kind, dataset, owner.owner, {}));
          if (!task.has_value()) break;
          BL_RETURN_IF_ERROR(Grant(tx, call, *std::move(task), ""));
          if (IsAlone(kind)) return absl::OkStatus();
          --free;
        }
      }
    }
  }
  return absl::OkStatus();
}

// Whether `task` should wait for another board than one on which it has failed.
absl::StatusOr<bool> Scheduler::AvoidsBoard(Transaction& tx, const Task& task,
                                            const std::string& board) {
  const auto& failed = task.failed_boards();
  if (std::find(failed.begin(), failed.end(), board) == failed.end()) return false;
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
  return std::any_of(boards.begin(), boards.end(), [&](const v1::Board& other) {
    return InService(other) && other.board_type() == task.requirement() &&
           std::find(failed.begin(), failed.end(), other.name()) == failed.end();
  });
}

absl::Status Scheduler::GrantToAgent(Transaction& tx, Call& call) {
  int32_t free = call.request.capacity();
  std::map<std::string, int> tasks;
  for (const Task& task : call.running) ++tasks[task.board()];
  // First one for each board, then the next ones.
  for (int round = 1; round <= kTasksPerBoard; ++round) {
    for (const auto& [name, board] : call.boards) {
      if (!InService(board) || tasks[name] >= round || free <= 0) continue;
      BL_ASSIGN_OR_RETURN(std::vector<QueuedOwner> owners,
                          tx.QueuedOwners(Task::MEASURE, board.board_type()));
      std::stable_sort(
          owners.begin(), owners.end(), [](const QueuedOwner& a, const QueuedOwner& b) {
            return std::make_pair(-a.priority, a.running) < std::make_pair(-b.priority, b.running);
          });
      std::vector<int64_t> skipped;
      for (const QueuedOwner& owner : owners) {
        if (tasks[name] >= round) break;
        while (skipped.size() < kMaxSkipped) {
          BL_ASSIGN_OR_RETURN(
              std::optional<Task> task,
              tx.NextQueued(Task::MEASURE, board.board_type(), owner.owner, skipped));
          if (!task.has_value()) break;
          BL_ASSIGN_OR_RETURN(const bool avoids, AvoidsBoard(tx, *task, name));
          if (avoids) {
            skipped.push_back(task->id());
            continue;
          }
          BL_RETURN_IF_ERROR(Grant(tx, call, *std::move(task), name));
          ++tasks[name];
          --free;
          break;
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Scheduler::UpdateBoardTasks(Transaction& tx, Call& call) {
  for (auto& [name, board] : call.boards) {
    std::string task;
    for (const Task& running : call.running) {
      if (running.board() == name && task.empty()) task = TaskName(running.id());
    }
    if (task == board.task()) continue;
    SetTask(board, task, call.now);
    BL_RETURN_IF_ERROR(tx.PutBoard(board));
  }
  return absl::OkStatus();
}

absl::Duration Scheduler::IdleCall() const {
  return std::max(options_.idle_call,
                  absl::Seconds(static_cast<double>(members_.size()) / options_.calls_per_second));
}

void Scheduler::Conclude(const Call& call, v1::SynchronizeResponse& response) {
  const absl::Duration now = clock_.Steady();
  for (const auto& [task, epoch] : call.ended) leases_.Remove(task, epoch);
  for (const v1::Grant& grant : call.grants) {
    leases_.Add(TaskId(grant.task()), grant.epoch(), call.request.member(), now);
    *response.add_grants() = grant;
  }
  for (const v1::HeldTask& held : call.request.held()) {
    for (const Task& task : call.running) {
      if (TaskName(task.id()) == held.task()) response.add_keep(held.task());
    }
  }
  for (const std::string& task : call.acknowledged) response.add_acknowledged(task);
  for (const v1::BoardOrder& order : call.orders) *response.add_orders() = order;
  response.set_lease_ms(absl::ToInt64Milliseconds(options_.lease));
  MutexLock lock(mu_);
  for (const auto& [task, epoch] : call.ended) progress_.erase(task);
  if (call.request.kind() == v1::Member::WORKER) {
    for (const std::string& dataset : asked_datasets_) response.add_asked_datasets(dataset);
  }
  // Busy members call when something ends; until then often enough for progress, and for hearing of a cancelled search. However many
  // they are, their leases must not end in between, nor idle ones be taken for lost.
  const absl::Duration idle = std::min(IdleCall(), options_.member_lost / 3);
  const absl::Duration busy = std::min(std::max(idle, absl::Seconds(2)), options_.lease / 3);
  response.set_next_call_ms(absl::ToInt64Milliseconds(call.running.empty() ? idle : busy));
}

absl::Status Scheduler::Tick() {
  BL_RETURN_IF_ERROR(LoseExpired());
  return LoseMembers();
}

absl::Status Scheduler::LoseExpired() {
  const std::vector<Lease> expired = leases_.Expired(clock_.Steady());
  if (expired.empty()) return absl::OkStatus();
  std::set<std::string> changed;
  const absl::Status stored = store_.Run([&](Transaction& tx) -> absl::Status {
    for (const Lease& lease : expired) {
      BL_ASSIGN_OR_RETURN(std::optional<Task> task, tx.GetTask(lease.task));
      if (!task.has_value() || task->state() != Task::RUNNING || task->epoch() != lease.epoch) {
        continue;
      }
      BL_RETURN_IF_ERROR(
          AddEvent(tx, clock_.Now(), task->owner(), "LEASE_EXPIRED",
                   absl::StrFormat("%s: %s was silent for %s", TaskName(lease.task), lease.member,
                                   absl::FormatDuration(options_.lease))));
      Tell(tx, [kind = task->kind()](SchedulerObserver& o) { o.LeaseExpired(kind); });
      LoseTask(*task, options_.task, NowMs());
      BL_RETURN_IF_ERROR(tx.UpdateTask(*task));
      changed.insert(task->owner());
      BL_RETURN_IF_ERROR(task->state() == Task::FAILED ? owner_.TaskEnded(tx, *task)
                                                       : owner_.TaskMoved(tx, *task));
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(stored);
  for (const Lease& lease : expired) leases_.Remove(lease.task, lease.epoch);
  for (const std::string& owner : changed) owner_.OwnerChanged(owner);
  return absl::OkStatus();
}

absl::Status Scheduler::LoseMembers() {
  std::set<std::string> lost;
  {
    MutexLock lock(mu_);
    const absl::Duration now = clock_.Steady();
    for (const auto& [name, member] : members_) {
      if (now - member.last_call >= options_.member_lost) lost.insert(name);
    }
  }
  if (lost.empty()) return absl::OkStatus();
  const absl::Status stored = store_.Run([&](Transaction& tx) -> absl::Status {
    for (const std::string& name : lost) {
      BL_ASSIGN_OR_RETURN(std::optional<v1::Member> member, tx.GetMember(name));
      if (!member.has_value() || member->state() == v1::Member::LOST) continue;
      const bool drained = member->state() == v1::Member::DRAINING;
      member->set_state(v1::Member::LOST);
      BL_RETURN_IF_ERROR(tx.PutMember(*member));
      BL_RETURN_IF_ERROR(AddEvent(tx, clock_.Now(), name, "MEMBER_GONE",
                                  drained ? "it stopped" : "it does not call any more"));
    }
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
    for (v1::Board board : boards) {
      if (lost.count(board.agent()) == 0 || board.state() == v1::Board::OFFLINE) continue;
      const std::string before = board.SerializeAsString();
      MarkOffline(board, "its agent is silent", clock_.Now());
      if (board.SerializeAsString() != before) BL_RETURN_IF_ERROR(tx.PutBoard(board));
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(stored);
  MutexLock lock(mu_);
  for (const std::string& name : lost) {
    const auto found = members_.find(name);
    // Unless it has called in between.
    if (found != members_.end() &&
        clock_.Steady() - found->second.last_call >= options_.member_lost) {
      members_.erase(found);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Scheduler::AddTask(Transaction& tx, Task task) {
  task.set_state(Task::QUEUED);
  task.set_create_time_ms(NowMs());
  if (task.kind() != Task::MEASURE) {
    MutexLock lock(mu_);
    asked_datasets_.insert(task.requirement());
  }
  return tx.InsertTask(task);
}

absl::Status Scheduler::CancelTasks(Transaction& tx, const std::string& owner) {
  for (const Task::State state : {Task::QUEUED, Task::RUNNING}) {
    TaskQuery query;
    query.owner = owner;
    query.state = state;
    BL_ASSIGN_OR_RETURN(std::vector<Task> tasks, tx.ListTasks(query));
    for (Task& task : tasks) {
      CancelTask(task, NowMs());
      BL_RETURN_IF_ERROR(tx.UpdateTask(task));
    }
  }
  // Their leases end by themselves: a holder's next call finds the rows cancelled.
  return absl::OkStatus();
}

absl::StatusOr<std::string> Scheduler::WaitingFor(Transaction& tx, const std::string& owner) {
  std::set<std::string> missing;
  for (const Task::Kind kind : {Task::TRAIN, Task::SCORE, Task::SPECIALIZE, Task::MEASURE}) {
    TaskQuery query;
    query.owner = owner;
    query.kind = kind;
    query.state = Task::QUEUED;
    query.limit = 1;
    BL_ASSIGN_OR_RETURN(const std::vector<Task> queued, tx.ListTasks(query));
    if (queued.empty()) continue;
    const std::string& need = queued[0].requirement();
    if (kind == Task::MEASURE) {
      BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
      int of_type = 0, in_service = 0;
      for (const v1::Board& board : boards) {
        if (board.board_type() != need) continue;
        ++of_type;
        if (InService(board) || board.state() == v1::Board::CHECKING) ++in_service;
      }
      if (of_type == 0) {
        missing.insert(absl::StrFormat("a board of type %s: no agent has registered one", need));
      } else if (in_service == 0) {
        missing.insert(absl::StrFormat(
            "a board of type %s: none of the %d registered is in service", need, of_type));
      }
      continue;
    }
    MutexLock lock(mu_);
    int workers = 0, able = 0;
    std::string why;  // Of the first that says; they mostly agree.
    for (const auto& [name, member] : members_) {
      if (member.kind != v1::Member::WORKER || member.draining) continue;
      ++workers;
      if (member.datasets.count(need) > 0) ++able;
      const auto problem = member.dataset_problems.find(need);
      if (why.empty() && problem != member.dataset_problems.end()) {
        why = absl::StrFormat(" (%s says: %s)", name, problem->second);
      }
    }
    if (workers == 0) missing.insert("a worker: none is connected");
    if (workers > 0 && able == 0) {
      missing.insert(
          absl::StrFormat("a worker that has the data set %s: none of the %d connected %s%s", need,
                          workers, why.empty() ? "has found it yet" : "can read it", why));
    }
  }
  return absl::StrJoin(missing, "; ");
}

v1::TaskProgress Scheduler::ProgressOf(int64_t task) const {
  MutexLock lock(mu_);
  const auto found = progress_.find(task);
  return found == progress_.end() ? v1::TaskProgress() : found->second;
}

void Scheduler::FillMember(v1::Member& member) const {
  {
    MutexLock lock(mu_);
    const auto found = members_.find(member.name());
    if (found == members_.end()) {
      member.set_state(v1::Member::LOST);
    } else {
      *member.mutable_last_call_time() = ToTimestamp(found->second.last_call_time);
    }
  }
  for (const Lease& lease : leases_.Of(member.name())) member.add_tasks(TaskName(lease.task));
}

}  // namespace boardloop
