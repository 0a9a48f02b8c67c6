// Counts what becomes of tasks: grants, results, leases, and what measurements say.
#pragma once

#include <map>
#include <string>

#include "core/metrics/metrics.h"
#include "server/scheduler/scheduler_observer.h"

namespace boardloop {

// Thread-safe.
class TaskMetrics : public SchedulerObserver {
 public:
  // Nothing is owned. `board_types` bounds that label.
  TaskMetrics(Metrics& metrics, BoundedLabel& board_types);

  void TaskGranted(const store::Task& task) override;
  void ResultCame(const store::Task& task, const v1::TaskResult& result, bool late) override;
  void LeaseExpired(store::Task::Kind kind) override;
  void BoardQuarantined(const std::string& board_type) override;

 private:
  void Measured(const store::Task& task, const v1::TaskResult& result);

  BoundedLabel& board_types_;
  Counters& granted_;
  Counters& results_;
  Counters& expired_;
  Histograms& queue_seconds_;
  Histograms& task_seconds_;
  Counters& measurements_;
  Histograms& step_seconds_;
  prometheus::Histogram& spread_;
  Counters& quarantined_;
};

}  // namespace boardloop
