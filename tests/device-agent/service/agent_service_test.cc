// The device agent as a member of a farm: real virtual boards and tools, and a whole coordinator in the same process, whose clock
// stands until a test moves it.
#include "device-agent/service/agent_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "core/graph/build_subnet.h"
#include "core/graph/model_proto.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using v1::Board;
using v1::MeasurementJob;

// Compiling, on a machine that does other things too.
constexpr absl::Duration kPatience = absl::Minutes(5);

BenchBoard VirtualBoardNamed(const std::string& name) {
  BenchBoard board;
  board.name = name;
  board.type = kType;
  return board;
}

// An agent that runs until it is stopped.
class RunningAgent {
 public:
  RunningAgent(const std::string& address, const std::string& state_folder,
               std::vector<BenchBoard> boards, absl::Duration drain = kPatience) {
    AgentService::Options options;
    options.address = address;
    options.member = "members/desk";
    options.boards = std::move(boards);
    options.state_folder = state_folder;
    // Compiled kernels are shared by all tests: compiling them is not what is tested here.
    options.cache_folder = testing::TempDir() + "boardloop-agent-test-cache";
    options.drain = drain;
    options.log = [](const std::string& /*line*/) {};
    absl::StatusOr<std::unique_ptr<AgentService>> service = AgentService::Create(options);
    EXPECT_THAT(service, IsOk());
    service_ = *std::move(service);
    thread_ = std::thread([this] { status_ = service_->Run(); });
  }
  ~RunningAgent() { Stop().IgnoreError(); }

  absl::Status Stop() {
    service_->Stop();
    if (thread_.joinable()) thread_.join();
    return status_;
  }

 private:
  std::unique_ptr<AgentService> service_;
  absl::Status status_;
  std::thread thread_;
};

class AgentServiceTest : public CoordinatorTest {
 protected:
  AgentServiceTest() { signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<RunningAgent> Agent(std::vector<BenchBoard> boards,
                                      absl::Duration drain = kPatience) {
    return std::make_unique<RunningAgent>(coordinator_->address(), folder_.Path("agent"),
                                          std::move(boards), drain);
  }

  Board AwaitBoard(const std::string& name, const std::function<bool(const Board&)>& condition) {
    const absl::Time end = absl::Now() + kPatience;
    absl::StatusOr<Board> board;
    while (absl::Now() < end) {
      board = GetBoard(name);
      if (board.ok() && condition(*board)) return *board;
      absl::SleepFor(absl::Milliseconds(20));
    }
    ADD_FAILURE() << name << ": " << board.status() << (board.ok() ? board->DebugString() : "");
    return {};
  }
  static bool IsIdle(const Board& board) { return board.state() == Board::IDLE; }

  // Of a small network, as an image with its outputs compared.
  std::string Measure() {
    const Space space = SpacePreset("mbv2-imagenet").value();
    const Graph graph = BuildSubnet(space, SmallestSubnet(space, 0.2, 48)).value();
    v1::CreateMeasurementRequest request;
    request.mutable_measurement()->set_board_type(kType);
    request.mutable_measurement()->set_model(Upload(SerializeModel(RandomModel(graph, 3))));
    const absl::StatusOr<MeasurementJob> job =
        Call(&v1::MeasureService::Stub::CreateMeasurement, request);
    EXPECT_THAT(job, IsOk());
    return job.ok() ? job->name() : "";
  }
  MeasurementJob Get(const std::string& name) {
    v1::GetMeasurementRequest request;
    request.set_name(name);
    const absl::StatusOr<MeasurementJob> job =
        Call(&v1::MeasureService::Stub::GetMeasurement, request);
    EXPECT_THAT(job, IsOk());
    return job.ok() ? *job : MeasurementJob();
  }
  // Until it is in `state`, or has ended otherwise.
  MeasurementJob AwaitJob(const std::string& name, MeasurementJob::State state) {
    const absl::Time end = absl::Now() + kPatience;
    MeasurementJob job;
    while (absl::Now() < end) {
      job = Get(name);
      const bool ended =
          job.state() != MeasurementJob::QUEUED && job.state() != MeasurementJob::RUNNING;
      if (job.state() == state || ended) break;
      absl::SleepFor(absl::Milliseconds(20));
    }
    EXPECT_EQ(job.state(), state) << job.ShortDebugString();
    return job;
  }
};

TEST_F(AgentServiceTest, ABoardIsCheckedThenMeasuresOneAfterTheOtherAndIsCheckedOnSchedule) {
  const std::unique_ptr<RunningAgent> agent = Agent({VirtualBoardNamed("one")});
  const Board checked = AwaitBoard("boards/desk-one", IsIdle);
  EXPECT_TRUE(checked.virtual_());
  EXPECT_NE(checked.unique_id(), "");
  EXPECT_NE(checked.build_digest(), "");
  EXPECT_THAT(checked.probe(), HasSubstr("OpenOCD"));

  const std::vector<std::string> jobs = {Measure(), Measure(), Measure()};
  std::vector<double> latencies;
  for (const std::string& name : jobs) {
    const MeasurementJob job = AwaitJob(name, MeasurementJob::DONE);
    EXPECT_EQ(job.measurement().outcome(), v1::Measurement::OK) << job.measurement().message();
    EXPECT_TRUE(job.measurement().exact());
    EXPECT_EQ(job.measurement().timing(), v1::Measurement::MODELLED);
    latencies.push_back(job.measurement().latency_ms());
    // A board works on one task and has one at hand.
    const auto members = Call(&v1::BoardService::Stub::ListMembers, v1::ListMembersRequest());
    ASSERT_THAT(members, IsOk());
    EXPECT_LE(members->members(0).tasks_size(), 2);
  }
  EXPECT_THAT(latencies, Each(latencies[0])) << "a virtual board's time is a model";
  const Board done = AwaitBoard("boards/desk-one", IsIdle);
  EXPECT_EQ(done.measurements(), 3);
  EXPECT_EQ(done.check(), checked.check()) << "not checked meanwhile";

  clock_.Advance(absl::Minutes(61));
  const Board again = AwaitBoard("boards/desk-one", [&](const Board& board) {
    return IsIdle(board) && board.check() > checked.check();
  });
  EXPECT_GT(again.check_time().seconds(), checked.check_time().seconds());
  EXPECT_THAT(agent->Stop(), IsOk());
}

TEST_F(AgentServiceTest, ABoardThatIsAnotherThanTheBenchSaysIsQuarantinedAndTheOthersGoOn) {
  BenchBoard wrong = VirtualBoardNamed("wrong");
  wrong.unique_id = "0123456789abcdef01234567";
  const std::unique_ptr<RunningAgent> agent = Agent({VirtualBoardNamed("good"), wrong});
  const auto quarantined = [](const Board& board) { return board.state() == Board::QUARANTINED; };
  const Board first = AwaitBoard("boards/desk-wrong", quarantined);
  EXPECT_THAT(first.reason(), HasSubstr("0123456789abcdef01234567"));
  AwaitBoard("boards/desk-good", IsIdle);
  const MeasurementJob job = AwaitJob(Measure(), MeasurementJob::DONE);
  EXPECT_EQ(job.measurement().board(), "boards/desk-good");

  // After a while it is tried again, by itself.
  clock_.Advance(absl::Minutes(11));
  const Board second = AwaitBoard("boards/desk-wrong", [&](const Board& board) {
    return quarantined(board) && board.check() > first.check();
  });
  EXPECT_EQ(second.measurements(), 0);
}

TEST_F(AgentServiceTest, StoppedItHandsBackWhatItHasNotDone) {
  std::unique_ptr<RunningAgent> agent =
      Agent({VirtualBoardNamed("one")}, /*drain=*/absl::ZeroDuration());
  AwaitBoard("boards/desk-one", IsIdle);
  std::vector<std::string> jobs;
  for (int i = 0; i < 6; ++i) jobs.push_back(Measure());
  AwaitBoard("boards/desk-one",
             [](const Board& board) { return board.state() == Board::MEASURING; });
  EXPECT_THAT(agent->Stop(), IsOk());
  agent.reset();  // It has the board until then.
  int queued = 0;
  for (const std::string& name : jobs) {
    const MeasurementJob job = Get(name);
    // The clock stands, so that no lease has ended.
    EXPECT_NE(job.state(), MeasurementJob::RUNNING);
    if (job.state() == MeasurementJob::QUEUED) ++queued;
  }
  EXPECT_GT(queued, 0);

  // The next process takes them up.
  agent = Agent({VirtualBoardNamed("one")});
  for (const std::string& name : jobs) AwaitJob(name, MeasurementJob::DONE);
}

TEST_F(AgentServiceTest, StoppedItFinishesWhatItHas) {
  const std::unique_ptr<RunningAgent> agent = Agent({VirtualBoardNamed("one")});
  AwaitBoard("boards/desk-one", IsIdle);
  const std::string job = Measure();
  AwaitJob(job, MeasurementJob::RUNNING);
  EXPECT_THAT(agent->Stop(), IsOk());
  EXPECT_EQ(Get(job).state(), MeasurementJob::DONE);
}

}  // namespace
}  // namespace boardloop
