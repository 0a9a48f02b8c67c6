// boardloop watch.

#include <memory>
#include <utility>
#include <vector>

#include "cli/remote/connection.h"
#include "cli/remote/format.h"
#include "cli/remote/search_watcher.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class WatchTest : public testing::Test {
 protected:
  void Script(const std::vector<WatchStep>& steps) {
    coordinator_.Edit([&](FakeState& state) {
      state.searches = {MakeSearch("fox", v1::Search::RUNNING)};
      state.watch = steps;
    });
  }

  FakeCoordinator coordinator_;
};

TEST_F(WatchTest, ExitCodeSaysHowTheSearchEnded) {
  const std::vector<std::pair<v1::Search::State, int>> codes = {{v1::Search::SUCCEEDED, 0},
                                                                {v1::Search::INFEASIBLE, 3},
                                                                {v1::Search::FAILED, 4},
                                                                {v1::Search::CANCELLED, 5}};
  for (const auto& [state, code] : codes) {
    Script({MakeEnd("fox", state)});
    EXPECT_EQ(RunRemote(coordinator_, {"watch", "fox"}).exit_code, code);
  }
}

TEST_F(WatchTest, PrintsALineForEachChangeAndEvent) {
  WatchStep second = MakeStep("fox", 0.5);
  *second.response.add_events() = MakeEvent(1, "searches/fox", "GENERATION_CLOSED");
  Script(
      {MakeStep("fox", 0.2), MakeStep("fox", 0.2), second, MakeEnd("fox", v1::Search::SUCCEEDED)});
  const ProgramRun run = RunRemote(coordinator_, {"watch", "searches/fox"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("RUNNING  evolution 20 %, generation 2 of 10\n"));
  EXPECT_THAT(run.out, HasSubstr("GENERATION_CLOSED  text 1\n"));
  EXPECT_THAT(run.out, HasSubstr("boardloop get fox\n"));
  EXPECT_EQ(run.out.find("evolution 20 %"), run.out.rfind("evolution 20 %"));
  EXPECT_THAT(run.out, Not(HasSubstr("\x1b")));
}

TEST_F(WatchTest, TheLineOfTheEndBearsItsTime) {
  WatchStep end = MakeEnd("fox", v1::Search::SUCCEEDED);
  end.response.mutable_search()->mutable_end_time()->set_seconds(1700000000);
  Script({end});
  EXPECT_THAT(RunRemote(coordinator_, {"watch", "fox"}).out,
              StartsWith(ClockText(end.response.search().end_time()) + "  SUCCEEDED"));
}

TEST_F(WatchTest, JsonIsAnObjectALine) {
  Script({MakeStep("fox", 0.2), MakeEnd("fox", v1::Search::SUCCEEDED)});
  const std::vector<nlohmann::json> lines =
      JsonLines(RunRemote(coordinator_, {"watch", "fox", "--json"}).out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0]["search"]["progress"]["stage_fraction"], 0.2);
  EXPECT_EQ(lines[1]["search"]["state"], "SUCCEEDED");
}

TEST_F(WatchTest, GoesOnWithTheResumeTokenAfterACut) {
  Script({MakeStep("fox", 0.2), MakeStep("fox", 0.4), MakeBreak(absl::UnavailableError("cut")),
          MakeEnd("fox", v1::Search::SUCCEEDED)});
  const ProgramRun run = RunRemote(coordinator_, {"watch", "fox", "--json"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(JsonLines(run.out), SizeIs(3));
  EXPECT_THAT(coordinator_.state().resume_tokens, ElementsAre("", "2"));
  EXPECT_THAT(run.err, HasSubstr("connection lost, trying again: "));
}

TEST_F(WatchTest, GivesUpWhenPatienceIsOver) {
  Script({MakeStep("fox", 0.2), MakeBreak(absl::UnavailableError("cut"))});
  const ProgramRun run = RunRemote(coordinator_, {"watch", "fox", "--patience", "0"});
  EXPECT_EQ(run.exit_code, 6);
  EXPECT_THAT(run.err, HasSubstr("UNAVAILABLE: cut"));
}

TEST_F(WatchTest, ErrorsThatWillNotPassEndIt) {
  Script({MakeStep("fox", 0.2), MakeBreak(absl::DataLossError("the store is damaged"))});
  const ProgramRun run = RunRemote(coordinator_, {"watch", "fox"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("DATA_LOSS: the coordinator at " + coordinator_.address() +
                                 " failed: the store is damaged"));
}

TEST_F(WatchTest, UnknownSearchIsRefused) {
  EXPECT_TRUE(IsRefused(RunRemote(coordinator_, {"watch", "wolf"}), "NOT_FOUND",
                        "there is no searches/wolf [NAME_UNKNOWN]"));
}

TEST_F(WatchTest, StopsWhenNobodyReads) {
  Script({MakeStep("fox", 0.1), MakeStep("fox", 0.2)});  // And then goes on for ever.
  const ProgramRun run = RunBoardloopIn("exec \"$0\" \"$@\" >&-",
                                        {"watch", "fox", "--server", coordinator_.address()});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("UNAVAILABLE: write results"));
}

TEST_F(WatchTest, DrawsOnATerminal) {
  WatchStep step = MakeStep("fox", 0.4);
  step.response.mutable_search()->mutable_progress()->set_candidates(20);
  step.response.mutable_search()->mutable_progress()->set_candidates_scored(20);
  Script({step, MakeEnd("fox", v1::Search::SUCCEEDED)});
  coordinator_.Edit([](FakeState& state) {
    state.front = {MakeCandidate("fox", 1, 0.8, 10), MakeCandidate("fox", 2, 0.9, 20)};
  });
  const ProgramRun run = RunRemoteInTerminal(coordinator_, {"watch", "fox"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("\x1b[?2026h"));
  EXPECT_THAT(run.out, HasSubstr("▶ evolution"));
  EXPECT_THAT(run.out, HasSubstr("Pareto front: top-1 over latency, 2 networks"));
  EXPECT_THAT(run.out, HasSubstr("SUCCEEDED"));
  EXPECT_THAT(run.out, HasSubstr("A\r"));  // The second frame goes up over the first.
}

class SearchWatcherTest : public WatchTest {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        Connection::Open({coordinator_.address(), "none"});
    ASSERT_THAT(connection, IsOk());
    connection_ = *std::move(connection);
  }

  // Watches "fox" with pauses that do not wait.
  absl::StatusOr<v1::Search> Watch(SearchWatcher::Options options) {
    options.sleep = [this](absl::Duration pause) { pauses_.push_back(pause); };
    return SearchWatcher(*connection_, std::move(options)).Run("searches/fox");
  }

  std::unique_ptr<Connection> connection_;
  std::vector<absl::Duration> pauses_;
};

TEST_F(SearchWatcherTest, GoesOnWhenTheCoordinatorComesBack) {
  Script({MakeStep("fox", 0.2)});
  SearchWatcher::Options options;
  bool updated = false;
  options.on_update = [&](const v1::WatchSearchResponse&) {
    if (!updated) coordinator_.Stop();
    updated = true;
    return absl::OkStatus();
  };
  int lost = 0;
  options.on_lost = [&](const absl::Status&) {
    if (++lost > 1) return;
    coordinator_.Edit(
        [](FakeState& state) { state.watch.push_back(MakeEnd("fox", v1::Search::SUCCEEDED)); });
    coordinator_.Start();
  };
  EXPECT_THAT(Watch(options), IsOk());
  EXPECT_GE(lost, 1);
  EXPECT_EQ(coordinator_.state().resume_tokens.back(), "1");
}

TEST_F(SearchWatcherTest, PausesGrowWhileTheCoordinatorRefuses) {
  Script({MakeBreak(absl::UnavailableError("1")), MakeBreak(absl::UnavailableError("2")),
          MakeBreak(absl::UnavailableError("3")), MakeBreak(absl::UnavailableError("4")),
          MakeEnd("fox", v1::Search::SUCCEEDED)});
  EXPECT_THAT(Watch({}), IsOk());
  EXPECT_THAT(pauses_, ElementsAre(absl::ZeroDuration(), absl::Milliseconds(250),
                                   absl::Milliseconds(500), absl::Seconds(1)));
}

TEST_F(SearchWatcherTest, ErrorOfTheCallerEndsIt) {
  Script({MakeStep("fox", 0.2)});
  SearchWatcher::Options options;
  options.on_update = [](const v1::WatchSearchResponse&) {
    return absl::ResourceExhaustedError("disk full");
  };
  EXPECT_THAT(Watch(options), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace boardloop
