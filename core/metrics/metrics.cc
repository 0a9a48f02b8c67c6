#include "core/metrics/metrics.h"

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/metrics/process_metrics.h"
#include "prometheus/text_serializer.h"

namespace boardloop {
namespace {

constexpr char kPrefix[] = "boardloop_";

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

Metrics::Metrics(const std::string& program, const std::string& version)
    : cost_(AddCounters("metrics_cpu_seconds_total",
                        "CPU time spent on collecting and writing metrics.")
                .Add({})) {
  AddGauges("build_info", "Always 1; the labels say what runs.")
      .Add({{"program", program}, {"version", version}})
      .Set(1);
  AddSource(ProcessMetrics(registry_));
}

Counters& Metrics::AddCounters(const std::string& name, const std::string& help) {
  return prometheus::BuildCounter()
      .Name(absl::StrCat(kPrefix, name))
      .Help(help)
      .Register(registry_);
}

Gauges& Metrics::AddGauges(const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(absl::StrCat(kPrefix, name)).Help(help).Register(registry_);
}

Histograms& Metrics::AddHistograms(const std::string& name, const std::string& help) {
  return prometheus::BuildHistogram()
      .Name(absl::StrCat(kPrefix, name))
      .Help(help)
      .Register(registry_);
}

void Metrics::AddSource(std::function<void()> source) {
  const MutexLock lock(mu_);
  sources_.push_back(std::move(source));
}

std::string Metrics::Render() {
  // Also guards the sources themselves: two that scrape at once take turns.
  const MutexLock lock(mu_);
  const double before = ThreadCpuSeconds();
  for (const auto& source : sources_) source();
  std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
  cost_.Increment(ThreadCpuSeconds() - before);
  return text;
}

std::string BoundedLabel::Of(const std::string& value) {
  const MutexLock lock(mu_);
  if (values_.count(value) > 0) return value;
  if (values_.size() >= limit_) return "other";
  values_.insert(value);
  return value;
}

void RaiseTo(prometheus::Counter& counter, double total) {
  // Increment() ignores what is negative.
  counter.Increment(total - counter.Value());
}

}  // namespace boardloop
