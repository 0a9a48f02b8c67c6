#include "server/metrics/task_metrics.h"

#include <algorithm>

#include "server/metrics/labels.h"

namespace boardloop {
namespace {

using store::Task;
using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets& QueueBuckets() {
  static const auto& buckets =
      *new Buckets{0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600};
  return buckets;
}

const Buckets& TaskBuckets() {
  static const auto& buckets = *new Buckets{0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 1800, 3600};
  return buckets;
}

// From a step that finds its result in a cache to the worst that flashing takes.
const Buckets& StepBuckets() {
  static const auto& buckets = *new Buckets{0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60};
  return buckets;
}

const Buckets& SpreadBuckets() {
  static const auto& buckets =
      *new Buckets{0.0001, 0.0003, 0.001, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1};
  return buckets;
}

constexpr const char* kOutcomes[] = {"done", "invalid", "member_failed", "returned", "late"};

std::string OutcomeOf(const v1::TaskResult& result, bool late) {
  if (late) return "late";
  switch (result.outcome()) {
    case v1::TaskResult::DONE:
      return "done";
    case v1::TaskResult::INVALID:
      return "invalid";
    case v1::TaskResult::RETURNED:
      return "returned";
    default:
      return "member_failed";
  }
}

}  // namespace

TaskMetrics::TaskMetrics(Metrics& metrics, BoundedLabel& board_types)
    : board_types_(board_types),
      granted_(metrics.AddCounters("tasks_granted_total", "Tasks given to a worker or an agent.")),
      results_(metrics.AddCounters("task_results_total",
                                   "Results by how they ended; late ones are kept, not counted.")),
      expired_(metrics.AddCounters("task_leases_expired_total",
                                   "Tasks taken back because their holder was silent.")),
      queue_seconds_(metrics.AddHistograms("task_queue_seconds",
                                           "From queued to granted, of each task's first grant.")),
      task_seconds_(
          metrics.AddHistograms("task_seconds", "Spent on a task, as its worker or agent says.")),
      measurements_(metrics.AddCounters("measurements_total",
                                        "Measurements that came, by whose a failure is.")),
      step_seconds_(metrics.AddHistograms("measurement_step_seconds", "Steps of measurements.")),
      spread_(metrics
                  .AddHistograms("measurement_repeat_spread_ratio",
                                 "How far the timed runs of a measurement are apart: (most - "
                                 "fewest) / median of their cycles.")
                  .Add({}, SpreadBuckets())),
      quarantined_(metrics.AddCounters("boards_quarantined_total",
                                       "Boards that were taken out because they failed.")) {
  for (const Task::Kind kind : TaskKinds()) {
    const std::string label = LabelOf(kind);
    granted_.Add({{"kind", label}});
    expired_.Add({{"kind", label}});
    queue_seconds_.Add({{"kind", label}}, QueueBuckets());
    task_seconds_.Add({{"kind", label}}, TaskBuckets());
    for (const char* outcome : kOutcomes) results_.Add({{"kind", label}, {"outcome", outcome}});
  }
  for (const std::string& step : StepLabels()) step_seconds_.Add({{"step", step}}, StepBuckets());
  for (const std::string& type : MeasurableBoardTypes()) {
    const std::string label = board_types_.Of(type);
    quarantined_.Add({{"board_type", label}});
    for (const v1::Measurement::Outcome outcome : Outcomes()) {
      measurements_.Add({{"board_type", label}, {"outcome", LabelOf(outcome)}});
    }
  }
}

// Add() gives the series that is there.

void TaskMetrics::TaskGranted(const Task& task) {
  granted_.Add({{"kind", LabelOf(task.kind())}}).Increment();
  // When a task came back to the queue is not in its row.
  if (task.epoch() != 1) return;
  const auto waited = static_cast<double>(task.grant_time_ms() - task.create_time_ms()) / 1000;
  queue_seconds_.Add({{"kind", LabelOf(task.kind())}}, QueueBuckets())
      .Observe(std::max(0.0, waited));
}

void TaskMetrics::ResultCame(const Task& task, const v1::TaskResult& result, bool late) {
  const std::string kind = LabelOf(task.kind());
  results_.Add({{"kind", kind}, {"outcome", OutcomeOf(result, late)}}).Increment();
  if (late || result.outcome() == v1::TaskResult::RETURNED) return;
  task_seconds_.Add({{"kind", kind}}, TaskBuckets()).Observe(result.seconds());
  if (task.kind() == Task::MEASURE) Measured(task, result);
}

// Without a measurement it is the file that was refused, or the agent failed.
void TaskMetrics::Measured(const Task& task, const v1::TaskResult& result) {
  const v1::Measurement& measurement = result.measure().measurement();
  v1::Measurement::Outcome outcome = measurement.outcome();
  if (std::max<int>(outcome, 0) < 1 || outcome > v1::Measurement::Outcome_MAX) {
    outcome = result.outcome() == v1::TaskResult::INVALID ? v1::Measurement::INVALID_MODEL
                                                          : v1::Measurement::AGENT_FAILED;
  }
  measurements_
      .Add({{"board_type", board_types_.Of(task.requirement())}, {"outcome", LabelOf(outcome)}})
      .Increment();
  for (const auto& [step, seconds] : measurement.seconds()) {
    step_seconds_.Add({{"step", StepLabel(step)}}, StepBuckets()).Observe(seconds);
  }
  if (measurement.cycles_size() < 2 || measurement.median_cycles() <= 0) return;
  const auto [fewest, most] =
      std::minmax_element(measurement.cycles().begin(), measurement.cycles().end());
  spread_.Observe(static_cast<double>(*most - *fewest) /
                  static_cast<double>(measurement.median_cycles()));
}

void TaskMetrics::LeaseExpired(Task::Kind kind) {
  expired_.Add({{"kind", LabelOf(kind)}}).Increment();
}

void TaskMetrics::BoardQuarantined(const std::string& board_type) {
  quarantined_.Add({{"board_type", board_types_.Of(board_type)}}).Increment();
}

}  // namespace boardloop
