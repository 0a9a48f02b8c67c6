// What a worker shows of its work: boardloop_worker_*.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/metrics/busy_time.h"
#include "core/metrics/metrics.h"
#include "worker/service/worker_observer.h"
#include "worker/torch/device_memory.h"

namespace boardloop {

class WorkerMetrics : public WorkerObserver {
 public:
  struct Options {
    std::string device;                    // As people are told it: "cpu, 4 threads".
    std::function<DeviceMemory()> memory;  // Asked at each scrape.
  };

  // `metrics` and `clock` are not owned; `metrics` must not be rendered any more when this has ended.
  WorkerMetrics(Metrics& metrics, const Clock& clock, const Options& options);

  void WorkBegan(WorkKind kind) override;
  void WorkEnded(WorkKind kind) override;
  void TaskEnded(WorkKind kind, std::optional<v1::TaskResult::Outcome> outcome,
                 double seconds) override;
  void Progressed(WorkKind kind, const v1::TaskProgress& progress) override;
  void ImagesSeen(WorkKind kind, int64_t images) override;

 private:
  struct OfKind {
    explicit OfKind(const Clock& clock) : time(clock) {}
    BusyTime time;
    std::map<std::string, prometheus::Counter*> tasks;  // By outcome.
    prometheus::Histogram* seconds = nullptr;
    prometheus::Gauge* busy = nullptr;
    prometheus::Counter* busy_seconds = nullptr;
    prometheus::Counter* images = nullptr;
  };
  void AddKinds(Metrics& metrics, const Clock& clock);

  const Clock& clock_;
  std::map<WorkKind, OfKind> kinds_;
  prometheus::Gauge& images_per_second_;
  prometheus::Gauge& progress_;
  prometheus::Gauge& checkpoint_time_;
  Mutex mu_;
  std::string checkpoint_ ABSL_GUARDED_BY(mu_);  // The newest that was reported.
};

}  // namespace boardloop
