#include "core/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/metrics_text.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, NamesHaveOurPrefixAndHelp) {
  Metrics metrics("boardloop-test", "1.2.3");
  metrics.AddCounters("things_total", "Things that were made.")
      .Add({{"kind", "small"}})
      .Increment();
  const std::string text = metrics.Render();
  EXPECT_THAT(text, HasSubstr("# HELP boardloop_things_total Things that were made.\n"));
  EXPECT_THAT(text, HasSubstr("boardloop_things_total{kind=\"small\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("boardloop_build_info{program=\"boardloop-test\",version=\"1.2.3\"} 1\n"));
}

TEST(MetricsTest, SourcesRunBeforeEachRendering) {
  Metrics metrics("boardloop-test", "1");
  auto& gauge = metrics.AddGauges("calls", "Renderings so far.").Add({});
  metrics.AddSource([&gauge] { gauge.Increment(); });
  EXPECT_THAT(metrics.Render(), HasSubstr("boardloop_calls 1\n"));
  EXPECT_THAT(metrics.Render(), HasSubstr("boardloop_calls 2\n"));
}

TEST(MetricsTest, ProcessIsSeen) {
  Metrics metrics("boardloop-test", "1");
  const std::string text = metrics.Render();
  EXPECT_GT(ValueOf(text, "process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(ValueOf(text, "process_open_fds"), 2);
  EXPECT_GT(ValueOf(text, "process_start_time_seconds"), 1.7e9);
  EXPECT_GT(ValueOf(text, "process_cpu_seconds_total"), 0);
}

TEST(MetricsTest, CostOfRenderingIsCounted) {
  Metrics metrics("boardloop-test", "1");
  metrics.Render();
  const double once = ValueOf(metrics.Render(), "boardloop_metrics_cpu_seconds_total");
  EXPECT_GT(once, 0);
  EXPECT_GT(ValueOf(metrics.Render(), "boardloop_metrics_cpu_seconds_total"), once);
}

TEST(MetricsTest, TwoMayRenderAtOnce) {
  Metrics metrics("boardloop-test", "1");
  int calls = 0;  // Not atomic: sources take turns.
  metrics.AddSource([&calls] { ++calls; });
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) metrics.Render();
  });
  for (int i = 0; i < 100; ++i) metrics.Render();
  other.join();
  EXPECT_EQ(calls, 200);
}

TEST(MetricsTest, CountersFollowATotal) {
  Metrics metrics("boardloop-test", "1");
  auto& counter = metrics.AddCounters("total", "A total.").Add({});
  RaiseTo(counter, 5);
  RaiseTo(counter, 7);
  RaiseTo(counter, 6);  // A total that fell: counters never do.
  EXPECT_EQ(counter.Value(), 7);
}

TEST(BoundedLabelTest, ValuesBeyondTheLimitAreOther) {
  BoundedLabel label(2);
  EXPECT_EQ(label.Of("a"), "a");
  EXPECT_EQ(label.Of("b"), "b");
  EXPECT_EQ(label.Of("c"), "other");
  EXPECT_EQ(label.Of("a"), "a");
}

}  // namespace
}  // namespace boardloop
