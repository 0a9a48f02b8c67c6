#include "worker/service/worker_metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/fake_clock.h"
#include "tests/support/metrics_text.h"

namespace boardloop {
namespace {

class WorkerMetricsTest : public testing::Test {
 protected:
  WorkerMetricsTest()
      : worker_(metrics_, clock_, {"cpu, 4 threads", [] {
                                     return DeviceMemory{3, 10};
                                   }}) {}
  double Value(const std::string& series) { return ValueOf(metrics_.Render(), series); }

  FakeClock clock_;
  Metrics metrics_{"boardloop-worker", "1"};
  WorkerMetrics worker_;
};

TEST_F(WorkerMetricsTest, EveryMetricIsThereFromTheStartWithAllItsLabels) {
  const std::string text = metrics_.Render();
  EXPECT_EQ(ValueOf(text, "boardloop_worker_info{device=\"cpu, 4 threads\"}"), 1);
  for (const char* kind : {"train", "score", "specialize"}) {
    const std::string label = std::string("{kind=\"") + kind + "\"";
    for (const char* outcome : {"done", "invalid", "member_failed", "returned", "given_up"}) {
      EXPECT_EQ(
          ValueOf(text, "boardloop_worker_tasks_total" + label + ",outcome=\"" + outcome + "\"}"),
          0);
    }
    EXPECT_EQ(ValueOf(text, "boardloop_worker_task_seconds_count" + label + "}"), 0);
    EXPECT_EQ(ValueOf(text, "boardloop_worker_busy" + label + "}"), 0);
    EXPECT_EQ(ValueOf(text, "boardloop_worker_busy_seconds_total" + label + "}"), 0);
    EXPECT_EQ(ValueOf(text, std::string("boardloop_worker_images_total{phase=\"") + kind + "\"}"),
              0);
  }
  EXPECT_EQ(ValueOf(text, "boardloop_worker_training_images_per_second"), 0);
  EXPECT_EQ(ValueOf(text, "boardloop_worker_training_progress_ratio"), 0);
  EXPECT_EQ(ValueOf(text, "boardloop_worker_checkpoint_timestamp_seconds"), 0);
  EXPECT_EQ(ValueOf(text, "boardloop_worker_memory_bytes{kind=\"used\"}"), 3);
  EXPECT_EQ(ValueOf(text, "boardloop_worker_memory_bytes{kind=\"total\"}"), 10);
  for (const auto& [metric, series] : SeriesByMetric(text)) EXPECT_LE(series, 100) << metric;
}

TEST_F(WorkerMetricsTest, ATrainingShowsWhileItRuns) {
  worker_.WorkBegan(WorkKind::kTrain);
  v1::TaskProgress progress;
  progress.set_fraction(0.25);
  progress.set_images_per_second(700);
  worker_.Progressed(WorkKind::kTrain, progress);
  worker_.ImagesSeen(WorkKind::kTrain, 640);
  clock_.Advance(absl::Seconds(90));
  EXPECT_EQ(Value("boardloop_worker_busy{kind=\"train\"}"), 1);
  EXPECT_EQ(Value("boardloop_worker_busy{kind=\"score\"}"), 0);
  EXPECT_EQ(Value("boardloop_worker_busy_seconds_total{kind=\"train\"}"), 90);
  EXPECT_EQ(Value("boardloop_worker_training_progress_ratio"), 0.25);
  EXPECT_EQ(Value("boardloop_worker_training_images_per_second"), 700);
  EXPECT_EQ(Value("boardloop_worker_images_total{phase=\"train\"}"), 640);

  worker_.TaskEnded(WorkKind::kTrain, v1::TaskResult::RETURNED, 90);
  worker_.WorkEnded(WorkKind::kTrain);
  clock_.Advance(absl::Seconds(90));
  EXPECT_EQ(Value("boardloop_worker_busy{kind=\"train\"}"), 0);
  EXPECT_EQ(Value("boardloop_worker_busy_seconds_total{kind=\"train\"}"), 90);
  EXPECT_EQ(Value("boardloop_worker_training_progress_ratio"), 0);
  EXPECT_EQ(Value("boardloop_worker_training_images_per_second"), 0);
  EXPECT_EQ(Value("boardloop_worker_tasks_total{kind=\"train\",outcome=\"returned\"}"), 1);
  EXPECT_EQ(Value("boardloop_worker_task_seconds_sum{kind=\"train\"}"), 90);
}

TEST_F(WorkerMetricsTest, ACheckpointsTimeIsThatOfItsFirstReport) {
  v1::TaskProgress progress;
  worker_.Progressed(WorkKind::kTrain, progress);
  EXPECT_EQ(Value("boardloop_worker_checkpoint_timestamp_seconds"), 0);
  progress.set_checkpoint("artifacts/one");
  worker_.Progressed(WorkKind::kTrain, progress);
  const double first = Value("boardloop_worker_checkpoint_timestamp_seconds");
  EXPECT_EQ(first, absl::ToUnixSeconds(clock_.Now()));
  clock_.Advance(absl::Seconds(60));
  worker_.Progressed(WorkKind::kTrain, progress);  // The same one, told again.
  EXPECT_EQ(Value("boardloop_worker_checkpoint_timestamp_seconds"), first);
  progress.set_checkpoint("artifacts/two");
  worker_.Progressed(WorkKind::kTrain, progress);
  EXPECT_EQ(Value("boardloop_worker_checkpoint_timestamp_seconds"), first + 60);
}

TEST_F(WorkerMetricsTest, WhatWasGivenUpCountsAsThat) {
  worker_.TaskEnded(WorkKind::kSpecialize, std::nullopt, 5);
  EXPECT_EQ(Value("boardloop_worker_tasks_total{kind=\"specialize\",outcome=\"given_up\"}"), 1);
}

TEST(DeviceMemoryTest, AProcessHasSomeOfTheMachinesMemory) {
  const DeviceMemory memory = MemoryOf(ComputeDevice());
  EXPECT_GT(memory.used_bytes, 1 << 20);
  EXPECT_GT(memory.total_bytes, memory.used_bytes);
}

}  // namespace
}  // namespace boardloop
