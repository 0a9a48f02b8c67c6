// What the live view draws, as a function of state and size.

#include "cli/remote/watch_view.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cli/remote/live_screen.h"
#include "core/base/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixSeconds(1700000100);  // 100 s after MakeSearch's create_time.

// A search in the middle of its evolution, with a front and events.
WatchState Busy() {
  WatchStep step = MakeStep("fox", 0.4);
  v1::Search& search = *step.response.mutable_search();
  search.set_display_name("shoes for the F4");
  search.set_width_mult(0.2);
  search.set_resolution(28);
  search.set_waiting_for("a board of type virtual-stm32f405");
  search.mutable_limits()->set_sram_bytes(65536);
  v1::SearchProgress& progress = *search.mutable_progress();
  progress.set_candidates(1200);
  progress.set_candidates_scored(1100);
  progress.set_candidates_cached(90);
  progress.set_candidates_measured(1000);
  progress.set_candidates_infeasible(7);
  progress.set_best("searches/fox/candidates/47");
  progress.set_best_top1(0.8412);
  progress.set_best_latency_ms(12.34);
  for (int i = 1; i <= 8; ++i) {
    *step.response.add_events() = MakeEvent(i, "searches/fox", absl::StrCat("EVENT_", i));
  }
  WatchState state;
  state.Update(step.response, kNow);
  Candidates front;
  for (int i = 0; i < 5; ++i) *front.Add() = MakeCandidate("fox", i, 0.8 + i * 0.02, 10 + i * 4);
  state.SetFront(front);
  return state;
}

std::string TextOf(const std::vector<ScreenLine>& lines) {
  std::string text;
  for (const ScreenLine& line : lines) absl::StrAppend(&text, line.text, "\n");
  return text;
}

TEST(WatchScreenTest, SaysWhatIsKnown) {
  const std::string text = TextOf(WatchScreen(Busy(), kNow, {100, 50}));
  EXPECT_THAT(text, StartsWith("fox  shoes for the F4"));
  EXPECT_THAT(text, HasSubstr("RUNNING  1 min 40 s\n"));
  EXPECT_THAT(text, HasSubstr("✓ space optimization  width 0.2, resolution 28\n"));
  EXPECT_THAT(text, HasSubstr("▶ evolution           ████████████░░░░░░░░░░░░░░░░░░   40 %"));
  EXPECT_THAT(text, HasSubstr("generation 4 of 10"));
  EXPECT_THAT(text, HasSubstr("  delivery"));
  EXPECT_THAT(text, HasSubstr("waiting for  a board of type virtual-stm32f405\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "candidates   1,200: 1,100 scored, 1,000 measured (90 from the cache), 7 infeasible\n"));
  EXPECT_THAT(text, HasSubstr("best         candidate 47: top-1 84.12 %, 12.3 ms\n"));
  EXPECT_THAT(text, HasSubstr("limits       SRAM 64.0 kB\n"));
  EXPECT_THAT(text, HasSubstr("Pareto front: top-1 over latency, 5 networks\n"));
  EXPECT_THAT(text, HasSubstr("EVENT_8  text 8\n"));
  EXPECT_THAT(text, Not(HasSubstr("EVENT_3 ")));  // Older than the last five.
  EXPECT_THAT(text, HasSubstr("Ctrl-C leaves; the search goes on\n"));
}

TEST(WatchScreenTest, FitsEverySize) {
  WatchState state = Busy();
  state.SetLost("no coordinator answers at 127.0.0.1:7411 (connection refused)");
  for (int columns = 1; columns <= 130; ++columns) {
    for (const int rows : {1, 2, 5, 12, 18, 24, 60}) {
      const std::vector<ScreenLine> lines = WatchScreen(state, kNow, {columns, rows});
      EXPECT_LE(lines.size(), std::max(1, rows - 1));
      for (const ScreenLine& line : lines) {
        EXPECT_LE(DisplayWidth(line.text), columns) << line.text;
        EXPECT_EQ(Printable(line.text), line.text);
      }
    }
  }
}

TEST(WatchScreenTest, PlotGivesWayInASmallTerminal) {
  EXPECT_THAT(TextOf(WatchScreen(Busy(), kNow, {80, 20})), Not(HasSubstr("Pareto front")));
  EXPECT_THAT(TextOf(WatchScreen(Busy(), kNow, {80, 40})), HasSubstr("Pareto front"));
}

TEST(WatchScreenTest, TextOfOthersCannotControlTheTerminal) {
  WatchStep step = MakeStep("fox", 0.1);
  step.response.mutable_search()->set_display_name("evil\x1b[2J\nname");
  step.response.mutable_search()->set_waiting_for(
      "a\x07"
      "b");
  WatchState state;
  state.Update(step.response, kNow);
  const std::string text = TextOf(WatchScreen(state, kNow, {80, 40}));
  EXPECT_THAT(text, HasSubstr("evil?[2J?name"));
  EXPECT_THAT(text, HasSubstr("a?b"));
}

TEST(WatchScreenTest, SaysThatTheConnectionIsLostAndBack) {
  WatchState state = Busy();
  state.SetLost("connection refused");
  EXPECT_THAT(TextOf(WatchScreen(state, kNow, {80, 40})),
              HasSubstr("connection lost, trying again: connection refused"));
  state.Update(MakeStep("fox", 0.5).response, kNow);
  EXPECT_THAT(TextOf(WatchScreen(state, kNow, {80, 40})), Not(HasSubstr("connection lost")));
}

TEST(WatchScreenTest, MarksTheStageThatFailed) {
  WatchStep step = MakeStep("fox", 0.1);
  step.response.mutable_search()->set_state(v1::Search::FAILED);
  step.response.mutable_search()->set_message("no worker has the data set");
  WatchState state;
  state.Update(step.response, kNow);
  const std::vector<ScreenLine> lines = WatchScreen(state, kNow, {80, 40});
  EXPECT_EQ(lines[0].style, LineStyle::kBad);
  EXPECT_THAT(TextOf(lines), HasSubstr("✗ evolution"));
  EXPECT_THAT(TextOf(lines), HasSubstr("message      no worker has the data set"));
  EXPECT_THAT(TextOf(lines), Not(HasSubstr("Ctrl-C")));
}

TEST(WatchStateTest, TimeLeftFollowsTheRateOfTheStage) {
  WatchState state;
  state.Update(MakeStep("fox", 0.2).response, kNow);
  EXPECT_EQ(state.StageTimeLeft(kNow), absl::InfiniteDuration());
  state.Update(MakeStep("fox", 0.4).response, kNow + absl::Seconds(20));
  EXPECT_NEAR(absl::ToDoubleSeconds(state.StageTimeLeft(kNow + absl::Seconds(20))), 60, 1e-6);
  EXPECT_NEAR(absl::ToDoubleSeconds(state.StageTimeLeft(kNow + absl::Seconds(25))), 55, 1e-6);
}

TEST(WatchStateTest, TimeLeftOfTrainingIsTheWorkers) {
  WatchStep step = MakeStep("fox", 0.2);
  step.response.mutable_search()->set_stage(v1::Search::SUPERNET);
  step.response.mutable_search()->mutable_progress()->set_train_seconds_left(90);
  WatchState state;
  state.Update(step.response, kNow);
  EXPECT_EQ(state.StageTimeLeft(kNow + absl::Seconds(30)), absl::Seconds(60));
}

TEST(BarTextTest, FillsByEighths) {
  EXPECT_EQ(BarText(0, 3), "░░░");
  EXPECT_EQ(BarText(0.5, 3), "█▌░");
  EXPECT_EQ(BarText(1, 3), "███");
  EXPECT_EQ(BarText(7, 2), "██");
  EXPECT_EQ(BarText(std::nan(""), 2), "░░");
}

TEST(FrameBytesTest, SecondFrameOverwritesTheFirst) {
  const std::vector<ScreenLine> lines = {{"one", LineStyle::kGood}, {"two"}};
  EXPECT_EQ(FrameBytes(lines, 3, false, true),
            "\x1b[?2026h\x1b[?25l\x1b[3A\r\x1b[32mone\x1b[0m\x1b[K\r\ntwo\x1b[K\r\n\x1b[J"
            "\x1b[?25h\x1b[?2026l");
}

TEST(FrameBytesTest, NewSizeClearsTheScreen) {
  EXPECT_THAT(FrameBytes({{"one"}}, 3, true, false), HasSubstr("\x1b[H\x1b[2Jone\x1b[K\r\n"));
}

TEST(FrameBytesTest, NoColourHasNoStyles) {
  EXPECT_THAT(FrameBytes({{"one", LineStyle::kBad}}, 0, false, false), Not(HasSubstr("\x1b[31m")));
}

}  // namespace
}  // namespace boardloop
