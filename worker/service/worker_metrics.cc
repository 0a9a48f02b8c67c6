#include "worker/service/worker_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/time/time.h"

namespace boardloop {
namespace {

const prometheus::Histogram::BucketBoundaries kTaskSeconds = {0.1, 0.5, 1,   5,    15,  30,
                                                              60,  300, 900, 1800, 3600};
constexpr std::pair<WorkKind, const char*> kKinds[] = {{WorkKind::kTrain, "train"},
                                                       {WorkKind::kScore, "score"},
                                                       {WorkKind::kSpecialize, "specialize"}};
constexpr char kGivenUp[] = "given_up";

std::string NameOf(v1::TaskResult::Outcome outcome) {
  return absl::AsciiStrToLower(v1::TaskResult::Outcome_Name(outcome));
}

}  // namespace

WorkerMetrics::WorkerMetrics(Metrics& metrics, const Clock& clock, const Options& options)
    : clock_(clock),
      images_per_second_(metrics
                             .AddGauges("worker_training_images_per_second",
                                        "Of the super-network's training that runs; else 0.")
                             .Add({})),
      progress_(metrics
                    .AddGauges("worker_training_progress_ratio",
                               "How far the super-network's training is that runs; else 0.")
                    .Add({})),
      checkpoint_time_(
          metrics
              .AddGauges("worker_checkpoint_timestamp_seconds",
                         "When the newest checkpoint was stored with the coordinator; 0: none yet.")
              .Add({})) {
  metrics.AddGauges("worker_info", "Always 1; the label says what it computes on.")
      .Add({{"device", options.device}})
      .Set(1);
  AddKinds(metrics, clock);
  Gauges& memory = metrics.AddGauges("worker_memory_bytes",
                                     "Of the device; on a CPU what the process has of the "
                                     "machine's memory, and the whole of it.");
  prometheus::Gauge& used = memory.Add({{"kind", "used"}});
  prometheus::Gauge& total = memory.Add({{"kind", "total"}});
  metrics.AddSource([this, &used, &total, ask = options.memory] {
    const DeviceMemory now = ask();
    used.Set(static_cast<double>(now.used_bytes));
    total.Set(static_cast<double>(now.total_bytes));
    for (auto& [kind, of_kind] : kinds_) {
      of_kind.busy->Set(of_kind.time.busy() ? 1 : 0);
      RaiseTo(*of_kind.busy_seconds, of_kind.time.Seconds());
    }
  });
}

void WorkerMetrics::AddKinds(Metrics& metrics, const Clock& clock) {
  Counters& tasks = metrics.AddCounters("worker_tasks_total", "Tasks that ended, by how.");
  Histograms& seconds = metrics.AddHistograms("worker_task_seconds", "Work on one task.");
  Gauges& busy = metrics.AddGauges("worker_busy", "1 while it works on such tasks.");
  Counters& busy_seconds =
      metrics.AddCounters("worker_busy_seconds_total", "Time in which it worked on such tasks.");
  Counters& images =
      metrics.AddCounters("worker_images_total", "Images that were trained on or evaluated.");
  for (const auto& [kind, name] : kKinds) {
    OfKind& of_kind = kinds_.try_emplace(kind, clock).first->second;
    for (int outcome = v1::TaskResult::DONE; outcome <= v1::TaskResult::RETURNED; ++outcome) {
      const std::string text = NameOf(static_cast<v1::TaskResult::Outcome>(outcome));
      of_kind.tasks[text] = &tasks.Add({{"kind", name}, {"outcome", text}});
    }
    of_kind.tasks[kGivenUp] = &tasks.Add({{"kind", name}, {"outcome", kGivenUp}});
    of_kind.seconds = &seconds.Add({{"kind", name}}, kTaskSeconds);
    of_kind.busy = &busy.Add({{"kind", name}});
    of_kind.busy_seconds = &busy_seconds.Add({{"kind", name}});
    of_kind.images = &images.Add({{"phase", name}});
  }
}

void WorkerMetrics::WorkBegan(WorkKind kind) { kinds_.at(kind).time.Begin(); }

void WorkerMetrics::WorkEnded(WorkKind kind) {
  kinds_.at(kind).time.End();
  if (kind != WorkKind::kTrain) return;
  images_per_second_.Set(0);
  progress_.Set(0);
}

void WorkerMetrics::TaskEnded(WorkKind kind, std::optional<v1::TaskResult::Outcome> outcome,
                              double seconds) {
  OfKind& of_kind = kinds_.at(kind);
  const auto counter = of_kind.tasks.find(outcome.has_value() ? NameOf(*outcome) : kGivenUp);
  if (counter != of_kind.tasks.end()) counter->second->Increment();
  of_kind.seconds->Observe(seconds);
}

void WorkerMetrics::Progressed(WorkKind kind, const v1::TaskProgress& progress) {
  if (kind != WorkKind::kTrain) return;
  images_per_second_.Set(progress.images_per_second());
  progress_.Set(progress.fraction());
  const MutexLock lock(mu_);
  if (progress.checkpoint().empty() || progress.checkpoint() == checkpoint_) return;
  checkpoint_ = progress.checkpoint();
  checkpoint_time_.Set(absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch()));
}

void WorkerMetrics::ImagesSeen(WorkKind kind, int64_t images) {
  kinds_.at(kind).images->Increment(static_cast<double>(images));
}

}  // namespace boardloop
