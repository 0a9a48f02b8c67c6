#include "core/plan/schedule.h"

#include <gtest/gtest.h>

#include <utility>

#include "glog/logging.h"

namespace boardloop {
namespace {

Graph Finish(GraphBuilder builder, std::vector<int32_t> outputs) {
  absl::StatusOr<Graph> graph = std::move(builder).Build(std::move(outputs));
  CHECK(graph.ok()) << graph.status();
  return *std::move(graph);
}

const Window kOne = CenteredWindow(1, 1);

TEST(ScheduleTest, ProjectionAndShortcutBecomeOneStep) {
  GraphBuilder builder("block");
  int32_t in = builder.Input({8, 8, 4});
  int32_t expand = builder.Conv("expand", in, 24, kOne, Activation::kRelu6);
  int32_t depth = builder.Depthwise("depthwise", expand, CenteredWindow(3, 1), Activation::kRelu6);
  int32_t project = builder.Conv("project", depth, 4, kOne, Activation::kNone);
  int32_t sum = builder.AddTensors("add", project, in, Activation::kNone);
  Schedule schedule = MakeSchedule(Finish(std::move(builder), {sum}));

  ASSERT_EQ(schedule.steps.size(), 3u);
  EXPECT_EQ(schedule.steps[2].ops.size(), 2u);
  EXPECT_EQ(schedule.steps[2].overwrites, in);
  EXPECT_EQ(schedule.first[project], -1);  // Never stored.
  EXPECT_EQ(schedule.steps[1].overwrites, expand);
  EXPECT_EQ(schedule.steps[0].overwrites, -1);  // The shortcut still needs it.
}

TEST(ScheduleTest, AShortcutThatIsReadLaterIsNotAccumulatedInto) {
  GraphBuilder builder("block");
  int32_t in = builder.Input({8, 8, 4});
  int32_t conv = builder.Conv("conv", in, 4, CenteredWindow(3, 1), Activation::kNone);
  int32_t sum = builder.AddTensors("add", conv, in, Activation::kNone);
  int32_t again = builder.AddTensors("again", sum, in, Activation::kNone);
  Schedule schedule = MakeSchedule(Finish(std::move(builder), {again}));

  ASSERT_EQ(schedule.steps.size(), 3u);
  EXPECT_EQ(schedule.steps[1].overwrites, conv);
  EXPECT_EQ(schedule.steps[2].overwrites, sum);
}

TEST(ScheduleTest, AConvolutionThatReadsItsShortcutIsNotFused) {
  GraphBuilder builder("block");
  int32_t in = builder.Input({8, 8, 4});
  int32_t conv = builder.Conv("conv", in, 4, CenteredWindow(3, 1), Activation::kNone);
  int32_t sum = builder.AddTensors("add", conv, in, Activation::kNone);
  Schedule schedule = MakeSchedule(Finish(std::move(builder), {sum}));
  ASSERT_EQ(schedule.steps.size(), 2u);
  EXPECT_EQ(schedule.steps[1].overwrites, conv);
}

TEST(ScheduleTest, AnOutputOfTheGraphIsNotOverwritten) {
  GraphBuilder builder("two outputs");
  int32_t in = builder.Input({8, 8, 4});
  int32_t first = builder.Conv("first", in, 8, kOne, Activation::kNone);
  int32_t second = builder.Conv("second", first, 8, kOne, Activation::kNone);
  Schedule schedule = MakeSchedule(Finish(std::move(builder), {first, second}));
  EXPECT_EQ(schedule.steps[0].overwrites, in);
  EXPECT_EQ(schedule.steps[1].overwrites, -1);
  EXPECT_EQ(schedule.last[first], 1);
}

TEST(ScheduleTest, DepthwiseWithMorePaddingThanWindowHasAnOutputOfItsOwn) {
  for (const bool top : {false, true}) {
    GraphBuilder builder("padded");
    int32_t in = builder.Input({9, 9, 4});
    Window window = CenteredWindow(3, 2);
    (top ? window.pad_top : window.pad_left) = 3;
    int32_t out = builder.Depthwise("depthwise", in, window, Activation::kNone);
    Schedule schedule = MakeSchedule(Finish(std::move(builder), {out}));
    EXPECT_EQ(schedule.steps[0].overwrites, -1) << (top ? "top" : "left");
  }
}

TEST(ScheduleTest, DepthwiseWithAMultiplierHasAnOutputOfItsOwn) {
  GraphBuilder builder("multiplier");
  int32_t in = builder.Input({8, 8, 4});
  Op op;
  op.kind = OpKind::kDepthwiseConv2d;
  op.inputs = {in};
  op.out_channels = 8;
  op.window = CenteredWindow(3, 1);
  int32_t out = builder.Add(std::move(op));
  Schedule schedule = MakeSchedule(Finish(std::move(builder), {out}));
  EXPECT_EQ(schedule.steps[0].overwrites, -1);
}

}  // namespace
}  // namespace boardloop
