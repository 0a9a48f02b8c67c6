// boardloop boards, workers, events, measure.

#include "absl/strings/str_cat.h"
#include "core/graph/model.h"
#include "core/graph/reference_networks.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class FarmTest : public testing::Test {
 protected:
  FakeCoordinator coordinator_;
  TemporaryFolder folder_;
};

TEST_F(FarmTest, BoardsAsTableNamesAndJson) {
  coordinator_.Edit([](FakeState& state) {
    for (int i = 0; i < 5; ++i) {
      state.boards.push_back(MakeBoard(absl::StrCat("desk-", i), v1::Board::IDLE));
    }
    state.boards[4].set_board_type("stm32f746");
    state.largest_page = 2;
  });
  const ProgramRun run = RunRemote(coordinator_, {"boards", "list"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("desk-0  stm32f405  IDLE   -     bench-1    12,345"));
  EXPECT_EQ(RunRemote(coordinator_, {"boards", "list", "--quiet", "--board-type", "stm32f746"}).out,
            "desk-4\n");
  EXPECT_THAT(RunRemote(coordinator_, {"boards", "list", "--json"}).Json()["boards"], SizeIs(5));
}

TEST_F(FarmTest, BoardIsShownDrainedQuarantinedAndReturned) {
  coordinator_.Edit([](FakeState& state) { state.boards = {MakeBoard("desk", v1::Board::IDLE)}; });
  EXPECT_THAT(RunRemote(coordinator_, {"boards", "show", "desk"}).out,
              HasSubstr("agent        members/bench-1\n"));
  EXPECT_EQ(RunRemote(coordinator_, {"boards", "drain", "boards/desk", "--reason", "cable"}).out,
            "boards/desk is DRAINED\n");
  EXPECT_EQ(RunRemote(coordinator_, {"boards", "return", "desk"}).out, "boards/desk is CHECKING\n");
  const ProgramRun run = RunRemote(
      coordinator_, {"boards", "quarantine", "desk", "--reason", "wrong bytes", "--json"});
  EXPECT_EQ(run.Json()["state"], "QUARANTINED");
  EXPECT_THAT(coordinator_.state().reasons, ElementsAre("cable", "", "wrong bytes"));
}

TEST_F(FarmTest, ABoardThatWasDrainedBeforeIsToldWithItsReason) {
  coordinator_.Edit([](FakeState& state) { state.boards = {MakeBoard("desk", v1::Board::IDLE)}; });
  RunRemote(coordinator_, {"boards", "drain", "desk", "--reason", "cable"});
  const std::vector<std::string> again = {"boards", "drain", "desk", "--reason", "fire"};
  EXPECT_EQ(RunRemote(coordinator_, again).out,
            "boards/desk is DRAINED, as it was before, with the reason: cable\n");
  coordinator_.Edit([](FakeState& state) { state.boards[0].clear_reason(); });
  EXPECT_EQ(RunRemote(coordinator_, again).out,
            "boards/desk is DRAINED, as it was before, without a reason\n");
}

TEST_F(FarmTest, BadUseOfBoardsIsRefused) {
  coordinator_.Edit([](FakeState& state) { state.boards = {MakeBoard("desk", v1::Board::IDLE)}; });
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"boards", "quarantine", "desk"}),
                        "INVALID_ARGUMENT", "--reason"));
  EXPECT_TRUE(
      IsRefused(RunRemote(coordinator_, {"boards", "show", "lamp"}), "NOT_FOUND", "boards/lamp"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"boards"}), "INVALID_ARGUMENT",
                        "a command is required behind `boards`"));
  EXPECT_TRUE(IsRefused(RunBoardloop({"boards", "foo"}), "INVALID_ARGUMENT", "\"boards foo\""));
  EXPECT_TRUE(IsRefused(RunBoardloop({"boards", "list", "foo"}), "INVALID_ARGUMENT", "foo"));
  const ProgramRun run = RunRemote(coordinator_, {"boards", "drain", "desk", "--etag", "6"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("ABORTED: etag is \"6\", the current one is \"7\""));
}

TEST_F(FarmTest, BoardTypesWithQueuesAndPredictors) {
  coordinator_.Edit([](FakeState& state) {
    v1::BoardType type;
    type.set_name("stm32f405");
    type.set_clock_hz(168000000);
    type.set_boards(3);
    type.set_boards_in_service(2);
    type.set_queued(12);
    type.set_oldest_queued_seconds(65);
    type.set_predictor_measurements(1500);
    type.set_predictor_error_percent(2.34);
    state.board_types = {type};
  });
  const ProgramRun run = RunRemote(coordinator_, {"boards", "types"});
  EXPECT_THAT(run.out, HasSubstr("12 for 1 min 05 s  ±2.3 % (1,500)"));
  EXPECT_EQ(RunRemote(coordinator_, {"boards", "types", "--quiet"}).out, "stm32f405\n");
}

TEST_F(FarmTest, WorkersAndAgents) {
  coordinator_.Edit([](FakeState& state) {
    v1::Member worker;
    worker.set_name("members/gpu-1");
    worker.set_kind(v1::Member::WORKER);
    worker.set_state(v1::Member::ACTIVE);
    worker.set_device("NVIDIA T4");
    worker.add_tasks("searches/fox/tasks/1");
    worker.set_tasks_done(17);
    v1::Member agent;
    agent.set_name("members/bench-1");
    agent.set_kind(v1::Member::AGENT);
    agent.set_state(v1::Member::LOST);
    state.members = {worker, agent};
    state.largest_page = 1;
  });
  const ProgramRun run = RunRemote(coordinator_, {"workers"});
  EXPECT_THAT(run.out, HasSubstr("gpu-1    WORKER  ACTIVE  NVIDIA T4  1        17"));
  EXPECT_THAT(run.out, HasSubstr("bench-1  AGENT   LOST"));
  EXPECT_THAT(RunRemote(coordinator_, {"workers", "--kind", "agent", "--json"}).Json()["members"],
              SizeIs(1));
}

TEST_F(FarmTest, EventsOfASearchAndOfTheFarm) {
  coordinator_.Edit([](FakeState& state) {
    state.events = {MakeEvent(1, "searches/fox", "STAGE_BEGAN"),
                    MakeEvent(2, "boards/desk", "BOARD_QUARANTINED"),
                    MakeEvent(3, "searches/fox", "STAGE_ENDED")};
    state.largest_page = 1;
  });
  const ProgramRun search = RunRemote(coordinator_, {"events", "fox"});
  EXPECT_THAT(search.out, HasSubstr("STAGE_BEGAN  text 1\n"));
  EXPECT_THAT(search.out, HasSubstr("STAGE_ENDED  text 3\n"));
  EXPECT_THAT(search.out, Not(HasSubstr("QUARANTINED")));
  EXPECT_THAT(RunRemote(coordinator_, {"events"}).out,
              HasSubstr("BOARD_QUARANTINED  boards/desk: text 2\n"));
  const auto lines =
      JsonLines(RunRemote(coordinator_, {"events", "fox", "--json", "--tail", "1"}).out);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0]["kind"], "STAGE_ENDED");
}

TEST_F(FarmTest, AnEventWithoutATextEndsWithItsSubject) {
  coordinator_.Edit([](FakeState& state) {
    v1::Event event = MakeEvent(1, "boards/desk", "BOARD_IDLE");
    event.clear_text();
    state.events = {event};
  });
  EXPECT_THAT(RunRemote(coordinator_, {"events"}).out, HasSubstr("  BOARD_IDLE  boards/desk\n"));
}

TEST_F(FarmTest, FollowEndsWithTheSearchAndPrintsEachEventOnce) {
  coordinator_.Edit([](FakeState& state) {
    state.searches = {MakeSearch("fox", v1::Search::SUCCEEDED)};
    for (int i = 1; i <= 5; ++i) state.events.push_back(MakeEvent(i, "searches/fox", "KIND"));
    state.largest_page = 2;
  });
  const ProgramRun run =
      RunRemote(coordinator_, {"events", "fox", "--follow", "--json", "--interval", "0.01"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(JsonLines(run.out), SizeIs(5));
}

// A model file: of a reference network, with random weights.
std::string ModelBytes(const std::string& network) {
  return ExportTflite(RandomModel(*BuildReferenceNetwork(network), /*seed=*/1)).value();
}

class MeasureTest : public FarmTest {
 protected:
  ProgramRun Measure(const std::vector<std::string>& more) {
    std::vector<std::string> args = {"measure", folder_.Write("model.tflite", model_),
                                     "--board-type", "stm32f405"};
    args.insert(args.end(), more.begin(), more.end());
    return RunRemote(coordinator_, args);
  }
  void Answer(const v1::MeasurementJob& job) {
    coordinator_.Edit([&](FakeState& state) {
      v1::MeasurementJob running;
      running.set_state(v1::MeasurementJob::RUNNING);
      state.measuring = {running, job};
    });
  }
  static v1::MeasurementJob Done(v1::Measurement::Outcome outcome) {
    v1::MeasurementJob job;
    job.set_state(v1::MeasurementJob::DONE);
    job.mutable_measurement()->set_outcome(outcome);
    return job;
  }

  const std::string model_ = ModelBytes("mobilenet_v2:width=0.35,res=32");
};

TEST_F(MeasureTest, WaitsAndPrintsWhatWasMeasured) {
  v1::MeasurementJob job = Done(v1::Measurement::OK);
  v1::Measurement& measurement = *job.mutable_measurement();
  measurement.set_board("boards/desk-07");
  measurement.set_board_type("stm32f405");
  measurement.set_timing(v1::Measurement::MEASURED);
  measurement.set_clock_hz(168000000);
  measurement.set_latency_ms(105.88);
  measurement.set_median_cycles(17787858);
  measurement.set_macs(11552520);
  measurement.set_arena_bytes(76800);
  measurement.set_scratch_bytes(420);
  measurement.set_exact(true);
  measurement.set_inputs(8);
  v1::OperatorMeasurement& op = *measurement.add_operators();
  op.set_name("conv1");
  op.set_operator_("CONV_2D");
  op.set_cycles(100);
  Answer(job);
  const ProgramRun run = Measure({"--inputs", "8", "--sram-limit", "128K", "--layers"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("latency      105.88 ms at 168 MHz, MEASURED\n"));
  EXPECT_THAT(run.out, HasSubstr("cycles       17,787,858 (1.54 per MAC)\n"));
  EXPECT_THAT(run.out, HasSubstr("SRAM         77,220 B: arena 76,800, scratch 420\n"));
  EXPECT_THAT(run.out, HasSubstr("exact        yes: 8 outputs"));
  EXPECT_THAT(run.out, HasSubstr("conv1  CONV_2D   -          0     100  100.0%"));
  EXPECT_THAT(run.err, HasSubstr("measurements/1 is RUNNING"));
  const v1::MeasurementJob asked = coordinator_.state().created_measurements.at(0).measurement();
  EXPECT_EQ(asked.sram_limit_bytes(), 128 * 1024);
  EXPECT_EQ(asked.inputs(), 8);
  EXPECT_EQ(asked.mode(), v1::Measurement::IMAGE);
  EXPECT_EQ(asked.display_name(), "model.tflite");
  EXPECT_EQ(coordinator_.state().artifacts.at(asked.model()), model_);
}

TEST_F(MeasureTest, ExitCodeSaysWhatCameOut) {
  v1::MeasurementJob failed, cancelled;
  failed.set_state(v1::MeasurementJob::FAILED);
  cancelled.set_state(v1::MeasurementJob::CANCELLED);
  const std::vector<std::pair<v1::MeasurementJob, int>> codes = {
      {Done(v1::Measurement::INVALID_MODEL), 2},
      {Done(v1::Measurement::OUTCOME_INFEASIBLE), 3},
      {Done(v1::Measurement::CANDIDATE_FAILED), 4},
      {failed, 4},
      {cancelled, 5}};
  for (const auto& [job, code] : codes) {
    Answer(job);
    const ProgramRun run = Measure({});
    EXPECT_EQ(run.exit_code, code);
    EXPECT_THAT(run.out, Not(HasSubstr("OUTCOME_")));
  }
}

TEST_F(MeasureTest, NoWaitPrintsTheJob) {
  const ProgramRun run = Measure({"--no-wait", "--mode", "resident", "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Json()["state"], "QUEUED");
  EXPECT_EQ(run.Json()["mode"], "RESIDENT");
  EXPECT_THAT(RunRemote(coordinator_, {"list", "--measurements"}).out, HasSubstr("QUEUED"));
  EXPECT_THAT(RunRemote(coordinator_, {"show", "measurements/1"}).out, HasSubstr("QUEUED"));
  EXPECT_EQ(RunRemote(coordinator_, {"cancel", "measurements/1"}).out,
            "measurements/1 is CANCELLED\n");
}

TEST_F(MeasureTest, ModelThatIsThereIsNotSentAgain) {
  // Of more than one piece: for one alone, asking costs as much as sending.
  const std::string model = folder_.Write("large.tflite", ModelBytes("mobilenet_v2:res=96"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(RunRemote(coordinator_, {"measure", model, "--board-type", "stm32f405", "--no-wait"})
                  .exit_code,
              0);
  }
  EXPECT_EQ(coordinator_.state().calls["WriteArtifact"], 1);
}

TEST_F(MeasureTest, AbsentCoordinatorIsUnreachable) {
  coordinator_.Stop();
  const ProgramRun run = Measure({});
  EXPECT_EQ(run.exit_code, 6);
  EXPECT_THAT(run.err, HasSubstr("model.tflite: "));
  EXPECT_THAT(run.err, HasSubstr(coordinator_.address()));
}

TEST_F(MeasureTest, FileThatIsNoModelIsNotSent) {
  const std::string path = folder_.Write("notes.tflite", "not a model");
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"measure", path, "--board-type", "stm32f405"}),
                        "INVALID_ARGUMENT", "notes.tflite"));
  EXPECT_EQ(coordinator_.state().calls["WriteArtifact"], 0);
}

TEST_F(MeasureTest, ListNamesAreThoseThatShowAndCancelTake) {
  ASSERT_EQ(Measure({"--no-wait"}).exit_code, 0);
  const std::string listed = RunRemote(coordinator_, {"list", "--measurements", "--quiet"}).out;
  EXPECT_EQ(listed, "measurements/1\n");
  EXPECT_THAT(RunRemote(coordinator_, {"list", "--measurements"}).out,
              HasSubstr("measurements/1  QUEUED  -        stm32f405"));
}

TEST_F(MeasureTest, AFileWhoseNameIsNotUtf8IsMeasured) {
  const std::string model = folder_.Write("n\xff.tflite", model_);
  const ProgramRun run =
      RunRemote(coordinator_, {"measure", model, "--board-type", "stm32f405", "--no-wait"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(coordinator_.state().created_measurements.at(0).measurement().display_name(),
            "n?.tflite");
}

TEST_F(MeasureTest, TextThatIsNotUtf8IsRefusedByItsField) {
  EXPECT_TRUE(IsRefused(Measure({"--title", "t\xff"}), "INVALID_ARGUMENT",
                        "measurement.display_name is \"t?\", must be UTF-8"));
  coordinator_.Edit([](FakeState& state) { state.boards = {MakeBoard("desk", v1::Board::IDLE)}; });
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"boards", "drain", "desk", "--reason", "\xff"}),
                        "INVALID_ARGUMENT", "reason is \"?\", must be UTF-8"));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"boards", "show", "\xff"}), "INVALID_ARGUMENT",
                        "name is \"boards/?\", must be UTF-8"));
}

TEST_F(MeasureTest, MissingFileAndTypeAreRefused) {
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"measure", "none.tflite", "--board-type", "x"}),
                        "NOT_FOUND", "none.tflite"));
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"measure", "none.tflite"}), "INVALID_ARGUMENT",
                        "--board-type"));
}

}  // namespace
}  // namespace boardloop
