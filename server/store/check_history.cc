#include "server/store/check_history.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/store/findings.h"
#include "server/store/row_reader.h"
#include "server/store/row_rules.h"

namespace boardloop {
namespace {

using google::protobuf::util::MessageDifferencer;
using store::Task;

bool Ended(const Task& task) { return task.state() == Task::DONE || task.state() == Task::FAILED; }
bool Active(const Task& task) {
  return task.state() == Task::QUEUED || task.state() == Task::RUNNING;
}

// Of the best model's image, on the board.
bool IsVerification(const Task& task) {
  return task.payload().measure().mode() == v1::Measurement::IMAGE;
}

// Results of it that were accepted: attempts are those that failed and could be tried again, and one more may have ended it.
int64_t Accepted(const Task& task) {
  const v1::Measurement::Outcome measured = task.result().measure().measurement().outcome();
  const bool good = task.result().outcome() == v1::TaskResult::DONE &&
                    (!task.result().has_measure() || measured == v1::Measurement::OK ||
                     measured == v1::Measurement::OUTCOME_INFEASIBLE);
  const bool impossible = task.result().outcome() == v1::TaskResult::INVALID ||
                          measured == v1::Measurement::INVALID_MODEL;
  return task.attempts() + (Ended(task) && (good || impossible) ? 1 : 0);
}

// ---- Tasks.

// What is wrong with a task by itself; empty: nothing.
std::string WrongTask(const Task& task) {
  // Each grant ends in one result, one loss, or nothing.
  const int64_t needed = Accepted(task) + task.losses() + (task.state() == Task::RUNNING ? 1 : 0);
  if (task.epoch() < needed) {
    return absl::StrFormat("was granted %d times, what is counted of it needs %d grants",
                           task.epoch(), needed);
  }
  if (Ended(task) && task.result().outcome() == v1::TaskResult::OUTCOME_UNSPECIFIED) {
    return "has ended without a result";
  }
  if (Active(task) != (task.end_time_ms() == 0)) {
    return Active(task) ? "has an end and has not ended" : "has ended without a time";
  }
  return "";
}

absl::Status CheckLateResults(SqliteDatabase& db, const Task& task, Reporter& reporter) {
  Statement query = db.Use("SELECT message FROM late_results WHERE task = ?");
  query.Bind(task.id());
  BL_ASSIGN_OR_RETURN(const std::vector<store::LateResult> late,
                      ReadRows<store::LateResult>(query));
  for (const store::LateResult& result : late) {
    if (result.epoch() < 1 || result.epoch() > task.epoch()) {
      reporter.Add(absl::StrFormat("task %d has a result of epoch %d, it was granted %d times",
                                   task.id(), result.epoch(), task.epoch()));
    }
    // Its acknowledgement was lost, so its holder sent it again.
    const bool repeated = task.state() == Task::DONE && result.epoch() == task.epoch();
    if (repeated && !MessageDifferencer::Equals(result.result(), task.result())) {
      reporter.Add(absl::StrFormat("task %d has two results of epoch %d", task.id(), task.epoch()));
    }
  }
  return absl::OkStatus();
}

// ---- Candidates.

struct TasksOfCandidate {
  std::vector<Task> scores, measurements, specializations, verifications;
};

void Sort(const Task& task, TasksOfCandidate& tasks) {
  if (task.kind() == Task::SCORE) tasks.scores.push_back(task);
  if (task.kind() == Task::SPECIALIZE) tasks.specializations.push_back(task);
  if (task.kind() != Task::MEASURE) return;
  (IsVerification(task) ? tasks.verifications : tasks.measurements).push_back(task);
}

bool HasDone(const std::vector<Task>& tasks) {
  return std::any_of(tasks.begin(), tasks.end(),
                     [](const Task& task) { return task.state() == Task::DONE; });
}

std::string WrongCounts(const v1::Candidate& candidate, const TasksOfCandidate& tasks) {
  const std::pair<const char*, const std::vector<Task>*> kinds[] = {
      {"scores", &tasks.scores},
      {"measurements", &tasks.measurements},
      {"specializations", &tasks.specializations},
      {"verifications", &tasks.verifications}};
  for (const auto& [name, of_kind] : kinds) {
    if (of_kind->size() > 1) {
      return absl::StrFormat("has %d tasks of kind %s, may have 1", of_kind->size(), name);
    }
    const bool runs = !of_kind->empty() && Active(of_kind->front());
    const bool answers = of_kind == &tasks.scores || of_kind == &tasks.measurements;
    const bool judged = candidate.state() == v1::Candidate::FEASIBLE ||
                        candidate.state() == v1::Candidate::INFEASIBLE;
    if (runs && answers && judged) {
      return absl::StrFormat("is decided while task %d runs", of_kind->front().id());
    }
  }
  return "";
}

// The row says what the accepted results say.
std::string WrongAnswers(const v1::Candidate& candidate, const TasksOfCandidate& tasks) {
  const bool scored = HasDone(tasks.scores);
  if (candidate.has_top1() != scored) {
    return scored ? "was scored and has no top-1" : "has a top-1 that no task gave";
  }
  if (scored && candidate.top1() != tasks.scores[0].result().score().top1()) {
    return absl::StrFormat("has top-1 %g, the task said %g", candidate.top1(),
                           tasks.scores[0].result().score().top1());
  }
  const bool measured = HasDone(tasks.measurements);
  if (candidate.has_measurement() != (measured || candidate.from_cache())) {
    return measured ? "was measured and has no measurement" : "has a measurement that nobody made";
  }
  if (candidate.from_cache() && !tasks.measurements.empty()) {
    return "was measured although the cache had it";
  }
  if (measured &&
      !MessageDifferencer::Equals(candidate.measurement(),
                                  tasks.measurements[0].result().measure().measurement())) {
    return "has another measurement than the task gave";
  }
  if (candidate.has_latency_ms() &&
      candidate.latency_ms() != candidate.measurement().latency_ms()) {
    return absl::StrFormat("has latency %g ms, its measurement says %g ms", candidate.latency_ms(),
                           candidate.measurement().latency_ms());
  }
  return "";
}

// ---- Searches.

class SearchCheck {
 public:
  SearchCheck(const v1::Search& search, const std::vector<v1::Candidate>& candidates,
              const std::vector<Task>& tasks, Reporter& reporter)
      : search_(search), candidates_(candidates), tasks_(tasks), reporter_(reporter) {
    for (const Task& task : tasks) {
      if (task.candidate() > 0) Sort(task, of_[task.candidate()]);
    }
  }

  void Run() {
    CheckTasks();
    CheckOrder();
    for (const v1::Candidate& candidate : candidates_) CheckCandidate(candidate);
    if (search_.state() == v1::Search::SUCCEEDED) CheckWinner();
  }

 private:
  void Report(const std::string& what) { reporter_.Add(search_.name() + " " + what); }

  void CheckTasks() {
    int64_t trainings = 0;
    for (const Task& task : tasks_) {
      if (task.kind() == Task::TRAIN) ++trainings;
      if (!Active(task) || search_.state() == v1::Search::RUNNING) continue;
      Report(absl::StrFormat("has ended, and its task %d has not", task.id()));
    }
    if (trainings > 1) Report(absl::StrFormat("trained %d super-networks", trainings));
  }

  void CheckOrder() {
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const std::string expected =
          absl::StrFormat("%s/candidates/%d", search_.name(), static_cast<int64_t>(i) + 1);
      if (candidates_[i].name() != expected) return Report("lacks " + expected);
      if (i > 0 && candidates_[i].generation() < candidates_[i - 1].generation()) {
        Report(absl::StrFormat("has %s of generation %d behind one of generation %d", expected,
                               candidates_[i].generation(), candidates_[i - 1].generation()));
      }
    }
  }

  void CheckCandidate(const v1::Candidate& candidate) {
    const absl::StatusOr<CandidateKey> key = ParseCandidateName(candidate.name());
    if (!key.ok()) return;  // Reported as a row.
    const TasksOfCandidate& tasks = of_[key->number];
    for (const std::string& wrong :
         {WrongCounts(candidate, tasks), WrongAnswers(candidate, tasks)}) {
      if (!wrong.empty()) reporter_.Add(candidate.name() + " " + wrong);
    }
    if (search_.state() == v1::Search::SUCCEEDED && candidate.state() == v1::Candidate::PENDING) {
      reporter_.Add(candidate.name() + " is not decided, and its search has succeeded");
    }
  }

  void CheckWinner() {
    const absl::StatusOr<CandidateKey> key = ParseCandidateName(search_.winner());
    if (!key.ok()) return Report("has succeeded without a winner");
    if (!HasDone(of_[key->number].specializations) || !HasDone(of_[key->number].verifications)) {
      Report(absl::StrFormat("is won by %s, which was not specialized and verified",
                             search_.winner()));
    }
  }

  const v1::Search& search_;
  const std::vector<v1::Candidate>& candidates_;
  const std::vector<Task>& tasks_;
  Reporter& reporter_;
  std::map<int64_t, TasksOfCandidate> of_;  // By the candidate's number.
};

absl::Status CheckSearches(SqliteDatabase& db, std::vector<std::string>& findings) {
  Reporter reporter(findings);
  Statement searches = db.Use("SELECT message FROM searches ORDER BY id");
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Search> rows, ReadRows<v1::Search>(searches));
  for (const v1::Search& search : rows) {
    Statement candidates =
        db.Use("SELECT message FROM candidates WHERE search = ? ORDER BY number");
    candidates.Bind(search.name());
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Candidate> of_search,
                        ReadRows<v1::Candidate>(candidates));
    Statement tasks = db.Use("SELECT message FROM tasks WHERE owner = ? ORDER BY id");
    tasks.Bind(search.name());
    BL_ASSIGN_OR_RETURN(const std::vector<Task> all, ReadRows<Task>(tasks));
    SearchCheck(search, of_search, all, reporter).Run();
  }
  return absl::OkStatus();
}

// ---- The farm.

struct Counts {
  int64_t results = 0, measurements = 0;
};

absl::StatusOr<Counts> CheckTasks(SqliteDatabase& db, std::vector<std::string>& findings) {
  Reporter reporter(findings), late(findings);
  Counts counts;
  Statement tasks = db.Use("SELECT message FROM tasks ORDER BY id");
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, tasks.Step());
    if (!more) return counts;
    BL_ASSIGN_OR_RETURN(const Task task, ParseRow<Task>(tasks, ""));
    const std::string wrong = WrongTask(task);
    if (!wrong.empty()) reporter.Add(absl::StrFormat("task %d %s", task.id(), wrong));
    BL_RETURN_IF_ERROR(CheckLateResults(db, task, late));
    counts.results += Accepted(task);
    if (task.kind() == Task::MEASURE) counts.measurements += Accepted(task);
  }
}

absl::Status CheckCounts(SqliteDatabase& db, const Counts& accepted,
                         std::vector<std::string>& findings) {
  Counts counted;
  Statement members = db.Use("SELECT message FROM members");
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Member> all_members, ReadRows<v1::Member>(members));
  for (const v1::Member& member : all_members) counted.results += member.tasks_done();
  Statement boards = db.Use("SELECT message FROM boards");
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> all_boards, ReadRows<v1::Board>(boards));
  for (const v1::Board& board : all_boards) counted.measurements += board.measurements();
  const std::pair<const char*, std::pair<int64_t, int64_t>> sums[] = {
      {"tasks of members", {counted.results, accepted.results}},
      {"measurements on boards", {counted.measurements, accepted.measurements}}};
  for (const auto& [what, values] : sums) {
    if (values.first == values.second) continue;
    findings.push_back(absl::StrFormat("%d %s were counted, %d results of them were accepted",
                                       values.first, what, values.second));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckHistory(SqliteDatabase& db, std::vector<std::string>& findings) {
  BL_ASSIGN_OR_RETURN(const Counts accepted, CheckTasks(db, findings));
  BL_RETURN_IF_ERROR(CheckCounts(db, accepted, findings));
  return CheckSearches(db, findings);
}

}  // namespace boardloop
