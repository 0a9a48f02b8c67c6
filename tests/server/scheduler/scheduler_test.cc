#include "server/scheduler/scheduler.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using store::Task;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kType[] = "virtual-stm32f405";
constexpr char kData[] = "/data/fashion";

// Remembers what it is told.
class RecordingOwner : public TaskOwner {
 public:
  absl::Status TaskEnded(Transaction& /*tx*/, const Task& task) override {
    if (!refusal.ok()) return refusal;
    ended.push_back(task);
    return absl::OkStatus();
  }
  absl::Status TaskMoved(Transaction& /*tx*/, const Task& /*task*/) override {
    return absl::OkStatus();
  }
  void OwnerChanged(const std::string& owner) override { changed.push_back(owner); }

  absl::Status refusal;
  std::vector<Task> ended;
  std::vector<std::string> changed;
};

// Writes down what it is told, in short.
class RecordingObserver : public SchedulerObserver {
 public:
  void TaskGranted(const Task& task) override {
    told.push_back(absl::StrCat("granted ", task.id(), " epoch ", task.epoch()));
  }
  void ResultCame(const Task& task, const v1::TaskResult& /*result*/, bool late) override {
    told.push_back(absl::StrCat(late ? "late " : "result ", task.id()));
  }
  void LeaseExpired(Task::Kind kind) override {
    told.push_back(absl::StrCat("expired ", Task::Kind_Name(kind)));
  }
  void BoardQuarantined(const std::string& board_type) override {
    told.push_back(absl::StrCat("quarantined ", board_type));
  }

  std::vector<std::string> told;
};

class SchedulerTest : public ::testing::Test {
 protected:
  SchedulerTest() { Restart(); }

  // As when the coordinator is killed and started again: rows stay, memory goes.
  void Restart() {
    Scheduler::Options options;
    options.observer = &observer_;
    scheduler_ = std::make_unique<Scheduler>(store_, clock_, owner_, options);
    EXPECT_THAT(scheduler_->Load(), IsOk());
  }

  int64_t Add(Task::Kind kind, const std::string& owner = "searches/a", int32_t priority = 0) {
    Task task;
    task.set_owner(owner);
    task.set_kind(kind);
    task.set_priority(priority);
    task.set_requirement(kind == Task::MEASURE ? kType : kData);
    int64_t id = 0;
    EXPECT_THAT(store_.Run([&](Transaction& tx) -> absl::Status {
      absl::StatusOr<int64_t> added = scheduler_->AddTask(tx, task);
      if (added.ok()) id = *added;
      return added.status();
    }),
                IsOk());
    return id;
  }

  Task Get(int64_t id) {
    Task task;
    EXPECT_THAT(store_.Read([&](Transaction& tx) -> absl::Status {
      absl::StatusOr<std::optional<Task>> found = tx.GetTask(id);
      if (found.ok() && found->has_value()) task = **found;
      return found.status();
    }),
                IsOk());
    return task;
  }

  v1::Board GetBoard(const std::string& name) {
    v1::Board board;
    EXPECT_THAT(store_.Read([&](Transaction& tx) -> absl::Status {
      absl::StatusOr<std::optional<v1::Board>> found = tx.GetBoard(name);
      if (found.ok() && found->has_value()) board = **found;
      return found.status();
    }),
                IsOk());
    return board;
  }

  v1::Member GetMember(const std::string& name) {
    v1::Member member;
    EXPECT_THAT(store_.Read([&](Transaction& tx) -> absl::Status {
      absl::StatusOr<std::optional<v1::Member>> found = tx.GetMember(name);
      if (found.ok() && found->has_value()) member = **found;
      return found.status();
    }),
                IsOk());
    return member;
  }

  // A member as a test drives it: what it holds, and what it says next.
  struct Member {
    v1::SynchronizeRequest request;
    v1::SynchronizeResponse response;
  };

  static Member Worker(const std::string& name, int32_t capacity = 4) {
    Member member;
    member.request.set_protocol_version(kProtocolVersion);
    member.request.set_member(absl::StrCat("members/", name));
    member.request.set_instance(absl::StrCat(name, "-1"));
    member.request.set_kind(v1::Member::WORKER);
    member.request.set_capacity(capacity);
    member.request.add_datasets(kData);
    return member;
  }

  static Member Agent(const std::string& name, int boards) {
    Member member = Worker(name, 2 * boards);
    member.request.set_kind(v1::Member::AGENT);
    member.request.clear_datasets();
    for (int i = 1; i <= boards; ++i) {
      v1::BoardReport& report = *member.request.add_boards();
      report.set_name(absl::StrCat("boards/", name, "-", i));
      report.set_board_type(kType);
    }
    return member;
  }

  // Calls, and takes over what the answer says. Checks of boards that were ordered are carried out before the next call.
  absl::Status Call(Member& member) {
    absl::StatusOr<v1::SynchronizeResponse> response = scheduler_->Synchronize(member.request);
    if (!response.ok()) return response.status();
    member.response = *response;
    std::vector<v1::HeldTask> held;
    for (const v1::HeldTask& task : member.request.held()) {
      for (const std::string& keep : response->keep()) {
        if (keep == task.task()) held.push_back(task);
      }
    }
    for (const v1::Grant& grant : response->grants()) {
      v1::HeldTask& task = held.emplace_back();
      task.set_task(grant.task());
      task.set_epoch(grant.epoch());
    }
    *member.request.mutable_held() = {held.begin(), held.end()};
    member.request.clear_finished();
    for (const v1::BoardOrder& order : response->orders()) {
      for (v1::BoardReport& report : *member.request.mutable_boards()) {
        if (report.name() == order.board()) report.set_check(order.check());
      }
    }
    return absl::OkStatus();
  }

  // The boards of `member` in service.
  void BringUp(Member& member) {
    const int32_t capacity = member.request.capacity();
    member.request.set_capacity(0);
    ASSERT_THAT(Call(member), IsOk());
    ASSERT_THAT(Call(member), IsOk());
    member.request.set_capacity(capacity);
  }

  static void Finish(Member& member, const std::string& task, const v1::TaskResult& result) {
    for (int i = 0; i < member.request.held_size(); ++i) {
      if (member.request.held(i).task() != task) continue;
      v1::FinishedTask& finished = *member.request.add_finished();
      finished.set_task(task);
      finished.set_epoch(member.request.held(i).epoch());
      *finished.mutable_result() = result;
      member.request.mutable_held()->DeleteSubrange(i, 1);
      return;
    }
    FAIL() << member.request.member() << " does not hold " << task;
  }

  static v1::TaskResult Done(v1::Measurement::Outcome outcome = v1::Measurement::OK) {
    v1::TaskResult result;
    result.set_outcome(v1::TaskResult::DONE);
    result.mutable_measure()->mutable_measurement()->set_outcome(outcome);
    return result;
  }

  static std::vector<std::string> Granted(const Member& member) {
    std::vector<std::string> tasks;
    for (const v1::Grant& grant : member.response.grants()) tasks.push_back(grant.task());
    return tasks;
  }

  FakeClock clock_;
  MemoryStore store_;
  RecordingOwner owner_;
  RecordingObserver observer_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, AWorkerGetsScoresUpToItsCapacity) {
  for (int i = 0; i < 6; ++i) Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), SizeIs(4));
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), IsEmpty());
  EXPECT_THAT(worker.response.keep(), SizeIs(4));
}

TEST_F(SchedulerTest, TrainingIsGrantedAlone) {
  Add(Task::TRAIN);
  Add(Task::TRAIN, "searches/b");
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), SizeIs(1));
  Add(Task::SCORE);
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), IsEmpty());
}

TEST_F(SchedulerTest, AWorkerWithoutTheDataSetGetsNothingAndIsAskedForIt) {
  Add(Task::SCORE);
  Member worker = Worker("w");
  worker.request.clear_datasets();
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), IsEmpty());
  EXPECT_THAT(worker.response.asked_datasets(), ElementsAre(kData));
  const auto waiting_for = [&] {
    std::string text;
    EXPECT_THAT(store_.Read([&](Transaction& tx) -> absl::Status {
      BL_ASSIGN_OR_RETURN(text, scheduler_->WaitingFor(tx, "searches/a"));
      return absl::OkStatus();
    }),
                IsOk());
    return text;
  };
  EXPECT_THAT(waiting_for(), HasSubstr("a worker that has the data set /data/fashion"));

  v1::DatasetProblem& problem = *worker.request.add_dataset_problems();
  problem.set_path(kData);
  problem.set_problem("no folder /data/fashion");
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(waiting_for(), HasSubstr("(members/w says: no folder /data/fashion)"));
}

TEST_F(SchedulerTest, ABoardIsCheckedBeforeItGetsATask) {
  Add(Task::MEASURE);
  Member agent = Agent("g", 1);
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_THAT(Granted(agent), IsEmpty());
  EXPECT_THAT(agent.response.orders(), SizeIs(1));
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_THAT(Granted(agent), SizeIs(1));
  EXPECT_EQ(GetBoard("boards/g-1").state(), v1::Board::MEASURING);
}

TEST_F(SchedulerTest, EachBoardHasOneTaskAndTheNextAtHand) {
  for (int i = 0; i < 10; ++i) Add(Task::MEASURE);
  Member agent = Agent("g", 2);
  BringUp(agent);
  ASSERT_THAT(Call(agent), IsOk());
  std::map<std::string, int> tasks;
  for (const v1::Grant& grant : agent.response.grants()) ++tasks[grant.board()];
  EXPECT_THAT(tasks, UnorderedElementsAre(std::pair("boards/g-1", 2), std::pair("boards/g-2", 2)));
}

TEST_F(SchedulerTest, FewTasksAreSpreadOverTheBoards) {
  Add(Task::MEASURE);
  Add(Task::MEASURE);
  Member agent = Agent("g", 2);
  BringUp(agent);
  ASSERT_THAT(Call(agent), IsOk());
  ASSERT_THAT(agent.response.grants(), SizeIs(2));
  EXPECT_NE(agent.response.grants(0).board(), agent.response.grants(1).board());
}

TEST_F(SchedulerTest, AResultIsStoredToldAndAcknowledged) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Finish(worker, TaskName(id), Done());
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(worker.response.acknowledged(), ElementsAre(TaskName(id)));
  EXPECT_EQ(Get(id).state(), Task::DONE);
  ASSERT_THAT(owner_.ended, SizeIs(1));
  EXPECT_EQ(owner_.ended[0].id(), id);
  EXPECT_THAT(owner_.changed, ::testing::Contains("searches/a"));
}

TEST_F(SchedulerTest, AResultWhoseOwnerFailsIsNotStored) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Finish(worker, TaskName(id), Done());
  owner_.refusal = absl::ResourceExhaustedError("disk full");
  EXPECT_THAT(Call(worker), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Get(id).state(), Task::RUNNING);
  owner_.refusal = absl::OkStatus();
  EXPECT_THAT(Call(worker), IsOk());  // It repeats what was not acknowledged.
  EXPECT_EQ(Get(id).state(), Task::DONE);
}

TEST_F(SchedulerTest, TheObserverHearsOfWhatIsStored) {
  const std::string task = TaskName(Add(Task::SCORE));
  Member worker = Worker("w"), other = Worker("v");
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(observer_.told, ElementsAre("granted 1 epoch 1"));
  Finish(worker, task, Done());
  observer_.told.clear();
  clock_.Advance(absl::Seconds(31));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  ASSERT_THAT(Call(other), IsOk());
  ASSERT_THAT(Call(worker), IsOk());
  Finish(other, task, Done());
  ASSERT_THAT(Call(other), IsOk());
  EXPECT_THAT(observer_.told,
              ElementsAre("expired SCORE", "granted 1 epoch 2", "late 1", "result 1"));
}

TEST_F(SchedulerTest, TheObserverHearsNothingOfWhatIsRolledBack) {
  const std::string task = TaskName(Add(Task::SCORE));
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  observer_.told.clear();
  Finish(worker, task, Done());
  const Member before = worker;
  owner_.refusal = absl::UnavailableError("as told");
  EXPECT_FALSE(Call(worker).ok());
  owner_.refusal = absl::OkStatus();
  store_.FailNextCommit(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_FALSE(Call(worker).ok());
  EXPECT_THAT(observer_.told, IsEmpty());
  worker = before;
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(observer_.told, ElementsAre("result 1"));
}

TEST_F(SchedulerTest, TheObserverHearsOnceOfABoardThatIsQuarantined) {
  Member agent = Agent("a", 1);
  BringUp(agent);
  agent.request.mutable_boards(0)->set_unusable("wedged");
  ASSERT_THAT(Call(agent), IsOk());
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_THAT(observer_.told, ElementsAre(absl::StrCat("quarantined ", kType)));
}

TEST_F(SchedulerTest, ARepeatedResultIsAcknowledgedAndCountsOnce) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Finish(worker, TaskName(id), Done());
  const v1::SynchronizeRequest again = worker.request;
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(scheduler_->Synchronize(again), IsOk());
  EXPECT_THAT(owner_.ended, SizeIs(1));
  EXPECT_EQ(GetMember("members/w").tasks_done(), 1);
}

TEST_F(SchedulerTest, WhatIsHandedBackIsNotDone) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  v1::TaskResult returned;
  returned.set_outcome(v1::TaskResult::RETURNED);
  Finish(worker, TaskName(id), returned);
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_EQ(GetMember("members/w").tasks_done(), 0);
}

TEST_F(SchedulerTest, ASilentHolderLosesItsTaskAndItsLateResultIsOnlyKept) {
  const int64_t id = Add(Task::SCORE);
  Member slow = Worker("slow");
  ASSERT_THAT(Call(slow), IsOk());
  clock_.Advance(absl::Seconds(31));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  EXPECT_EQ(Get(id).state(), Task::QUEUED);
  EXPECT_EQ(Get(id).losses(), 1);

  Member other = Worker("other");
  ASSERT_THAT(Call(other), IsOk());
  EXPECT_EQ(Get(id).epoch(), 2);
  Finish(slow, TaskName(id), Done());
  ASSERT_THAT(Call(slow), IsOk());
  EXPECT_THAT(slow.response.acknowledged(), ElementsAre(TaskName(id)));
  EXPECT_EQ(Get(id).state(), Task::RUNNING);
  EXPECT_EQ(Get(id).holder(), "members/other");
  EXPECT_THAT(owner_.ended, IsEmpty());
  ASSERT_THAT(store_.Read([&](Transaction& tx) -> absl::Status {
    const auto late = tx.ListLateResults(id);
    EXPECT_EQ(late.ok() ? late->size() : 0u, 1u);
    return late.status();
  }),
              IsOk());
}

TEST_F(SchedulerTest, CallsRenewLeases) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(absl::Seconds(20));
    ASSERT_THAT(Call(worker), IsOk());
    ASSERT_THAT(scheduler_->Tick(), IsOk());
  }
  EXPECT_EQ(Get(id).state(), Task::RUNNING);
  EXPECT_EQ(Get(id).epoch(), 1);
}

TEST_F(SchedulerTest, AClockThatJumpsEndsNoLease) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  clock_.Jump(absl::Hours(24 * 365));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  clock_.Jump(-absl::Hours(2 * 24 * 365));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  EXPECT_EQ(Get(id).state(), Task::RUNNING);
}

TEST_F(SchedulerTest, ARestartedCoordinatorKnowsWhoHasWhat) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Restart();
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(worker.response.keep(), ElementsAre(TaskName(id)));
  EXPECT_EQ(Get(id).epoch(), 1);
}

TEST_F(SchedulerTest, AfterARestartAHolderThatIsGoneLosesItsTask) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Restart();
  clock_.Advance(absl::Seconds(31));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  EXPECT_EQ(Get(id).state(), Task::QUEUED);
}

TEST_F(SchedulerTest, ARestartedMemberGetsItsWorkAnewAtOnce) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  Member again = Worker("w");
  again.request.set_instance("w-2");
  ASSERT_THAT(Call(again), IsOk());
  EXPECT_THAT(Granted(again), ElementsAre(TaskName(id)));
  EXPECT_EQ(Get(id).epoch(), 2);
  EXPECT_EQ(Get(id).losses(), 1);
}

TEST_F(SchedulerTest, AGrantThatNeverArrivedIsGrantedAgain) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  const v1::SynchronizeRequest request = worker.request;
  ASSERT_THAT(scheduler_->Synchronize(request), IsOk());  // The answer is lost.
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), ElementsAre(TaskName(id)));
  EXPECT_EQ(Get(id).losses(), 0);
}

TEST_F(SchedulerTest, UsersMeasurementsGoFirstAndSearchesTakeTurns) {
  for (int i = 0; i < 3; ++i) Add(Task::MEASURE, "searches/a");
  const int64_t b = Add(Task::MEASURE, "searches/b");
  const int64_t user = Add(Task::MEASURE, "measurements/m", kUserPriority);
  Member agent = Agent("g", 1);
  BringUp(agent);
  ASSERT_THAT(Call(agent), IsOk());
  ASSERT_THAT(agent.response.grants(), SizeIs(2));
  EXPECT_EQ(agent.response.grants(0).task(), TaskName(user));
  const std::string second = agent.response.grants(1).task();
  EXPECT_NE(second, TaskName(b));  // Of "a": nothing of either runs, its task is older.
  Finish(agent, TaskName(user), Done());
  ASSERT_THAT(Call(agent), IsOk());
  ASSERT_THAT(agent.response.grants(), SizeIs(1));
  EXPECT_EQ(agent.response.grants(0).task(), TaskName(b));
}

TEST_F(SchedulerTest, ATaskThatFailedOnABoardGoesToAnother) {
  const int64_t id = Add(Task::MEASURE);
  Member agent = Agent("g", 2);
  BringUp(agent);
  ASSERT_THAT(Call(agent), IsOk());
  const std::string first = agent.response.grants(0).board();
  Finish(agent, TaskName(id), Done(v1::Measurement::CANDIDATE_FAILED));
  ASSERT_THAT(Call(agent), IsOk());
  ASSERT_THAT(agent.response.grants(), SizeIs(1));
  EXPECT_NE(agent.response.grants(0).board(), first);
}

TEST_F(SchedulerTest, ABoardThatFailsThreeCandidatesIsQuarantinedAndChecked) {
  for (int i = 0; i < 3; ++i) Add(Task::MEASURE);
  Member agent = Agent("g", 1);
  BringUp(agent);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(Call(agent), IsOk());
    ASSERT_GT(agent.request.held_size(), 0) << i;
    Finish(agent, agent.request.held(0).task(), Done(v1::Measurement::BOARD_FAILED));
  }
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_EQ(GetBoard("boards/g-1").state(), v1::Board::QUARANTINED);
  clock_.Advance(absl::Minutes(10));
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_EQ(GetBoard("boards/g-1").state(), v1::Board::CHECKING);
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_TRUE(InService(GetBoard("boards/g-1")));
}

TEST_F(SchedulerTest, DrainingMembersFinishAndTakeNothingNew) {
  Add(Task::SCORE);
  Add(Task::SCORE);
  Member worker = Worker("w", 1);
  ASSERT_THAT(Call(worker), IsOk());
  worker.request.set_draining(true);
  worker.request.set_capacity(4);
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(Granted(worker), IsEmpty());
  EXPECT_THAT(worker.response.keep(), SizeIs(1));
}

TEST_F(SchedulerTest, CancelledTasksAreTakenFromTheirHolders) {
  const int64_t id = Add(Task::SCORE);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  ASSERT_THAT(
      store_.Run([&](Transaction& tx) { return scheduler_->CancelTasks(tx, "searches/a"); }),
      IsOk());
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_THAT(worker.response.keep(), IsEmpty());
  EXPECT_EQ(Get(id).state(), Task::CANCELLED);
}

TEST_F(SchedulerTest, ACheckpointIsHandedToTheNextHolder) {
  const std::string sha256(64, 'a');
  ASSERT_THAT(store_.Run([&](Transaction& tx) {
    store::ArtifactRow row;
    row.set_sha256(sha256);
    return tx.PutArtifact(row);
  }),
              IsOk());
  const int64_t id = Add(Task::TRAIN);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  worker.request.mutable_held(0)->mutable_progress()->set_checkpoint("artifacts/" + sha256);
  worker.request.mutable_held(0)->mutable_progress()->set_step(70);
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_EQ(scheduler_->ProgressOf(id).step(), 70);
  clock_.Advance(absl::Seconds(31));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  Member other = Worker("other");
  ASSERT_THAT(Call(other), IsOk());
  ASSERT_THAT(other.response.grants(), SizeIs(1));
  EXPECT_EQ(other.response.grants(0).checkpoint(), "artifacts/" + sha256);
}

TEST_F(SchedulerTest, ACheckpointThatIsNotThereIsForgotten) {
  const int64_t id = Add(Task::TRAIN);
  Member worker = Worker("w");
  ASSERT_THAT(Call(worker), IsOk());
  worker.request.mutable_held(0)->mutable_progress()->set_checkpoint("artifacts/../../etc/passwd");
  ASSERT_THAT(Call(worker), IsOk());
  EXPECT_EQ(Get(id).checkpoint(), "");
}

TEST_F(SchedulerTest, ASilentAgentsBoardsAreOffline) {
  Member agent = Agent("g", 1);
  BringUp(agent);
  EXPECT_TRUE(InService(GetBoard("boards/g-1")));
  clock_.Advance(absl::Seconds(61));
  ASSERT_THAT(scheduler_->Tick(), IsOk());
  EXPECT_EQ(GetBoard("boards/g-1").state(), v1::Board::OFFLINE);
  ASSERT_THAT(Call(agent), IsOk());
  EXPECT_EQ(GetBoard("boards/g-1").state(), v1::Board::CHECKING);
}

TEST_F(SchedulerTest, BoardsOfAnAgentThatWentWhileNoCoordinatorRanAreOffline) {
  Member agent = Agent("agent", 1);
  BringUp(agent);
  Restart();
  clock_.Advance(absl::Seconds(61));
  EXPECT_THAT(scheduler_->Tick(), IsOk());
  EXPECT_EQ(GetBoard("boards/agent-1").state(), v1::Board::OFFLINE);
}

TEST_F(SchedulerTest, ABoardThatARestartedAgentHasNoLongerIsOffline) {
  Member agent = Agent("agent", 2);
  BringUp(agent);
  Member again = Agent("agent", 1);
  again.request.set_instance("agent-2");
  BringUp(again);
  EXPECT_EQ(GetBoard("boards/agent-1").state(), v1::Board::IDLE);
  EXPECT_EQ(GetBoard("boards/agent-2").state(), v1::Board::OFFLINE);
  EXPECT_THAT(GetBoard("boards/agent-2").reason(), HasSubstr("no longer"));
  // With it again it comes back.
  agent.request.set_instance("agent-3");
  BringUp(agent);
  EXPECT_EQ(GetBoard("boards/agent-2").state(), v1::Board::IDLE);
}

TEST_F(SchedulerTest, TwoAgentsCannotClaimOneBoard) {
  Member agent = Agent("g", 1);
  BringUp(agent);
  Member thief = Agent("h", 1);
  thief.request.mutable_boards(0)->set_name("boards/g-1");
  ASSERT_THAT(Call(thief), IsOk());
  EXPECT_EQ(GetBoard("boards/g-1").agent(), "members/g");
}

TEST_F(SchedulerTest, BadCallsAreRefused) {
  Member worker = Worker("w");
  worker.request.set_protocol_version(2);
  EXPECT_THAT(scheduler_->Synchronize(worker.request),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  worker = Worker("w");
  worker.request.clear_instance();
  EXPECT_THAT(scheduler_->Synchronize(worker.request),
              StatusIs(absl::StatusCode::kInvalidArgument));
  worker = Worker("w");
  worker.request.set_member("w");
  EXPECT_THAT(scheduler_->Synchronize(worker.request),
              StatusIs(absl::StatusCode::kInvalidArgument));
  worker = Worker("w");
  worker.request.set_capacity(-1);
  EXPECT_THAT(scheduler_->Synchronize(worker.request),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(SchedulerTest, IdleMembersOfALargeFarmCallLessOften) {
  Member first = Worker("first");
  ASSERT_THAT(Call(first), IsOk());
  EXPECT_EQ(first.response.next_call_ms(), 250);
  for (int i = 0; i < 1000; ++i) {
    Member member = Worker(absl::StrCat("w", i), 0);
    ASSERT_THAT(Call(member), IsOk());
  }
  ASSERT_THAT(Call(first), IsOk());
  EXPECT_GT(first.response.next_call_ms(), 2000);
}

TEST_F(SchedulerTest, NoMemberOfALargeFarmIsToldToCallTooLate) {
  Scheduler::Options options;
  options.calls_per_second = 0.1;  // As if there were 4,000 times as many members.
  scheduler_ = std::make_unique<Scheduler>(store_, clock_, owner_, options);
  Add(Task::SCORE);
  Member busy = Worker("busy"), idle = Worker("idle");
  for (int i = 0; i < 20; ++i) {
    Member other = Worker(absl::StrCat("other-", i), 0);
    ASSERT_THAT(Call(other), IsOk());
  }
  ASSERT_THAT(Call(busy), IsOk());
  ASSERT_THAT(Call(idle), IsOk());
  ASSERT_THAT(busy.response.grants(), SizeIs(1));
  // Two calls may be lost.
  EXPECT_LE(absl::Milliseconds(busy.response.next_call_ms()), options.lease / 3);
  EXPECT_LE(absl::Milliseconds(idle.response.next_call_ms()), options.member_lost / 3);
}

}  // namespace
}  // namespace boardloop
