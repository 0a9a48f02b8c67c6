// What a program shows of itself to Prometheus: counters, gauges and histograms by name (docs/metrics.md has them all).
//
// Invariants (a test of each program checks them):
//   (1) A metric has at most 100 series, buckets counted: no label grows with searches, candidates or users.
//   (2) What is known to exist has its series from the start: a rate needs the 0 before the first event.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace boardloop {

using Counters = prometheus::Family<prometheus::Counter>;
using Gauges = prometheus::Family<prometheus::Gauge>;
using Histograms = prometheus::Family<prometheus::Histogram>;

// Thread-safe. Owns the families and their series, which live as long.
class Metrics {
 public:
  // `program` as it is called, "boardloop-server". Adds boardloop_build_info, process_* and the cost of the metrics themselves.
  Metrics(const std::string& program, const std::string& version);

  // Names are without "boardloop_", which they get; `help` is a sentence.
  Counters& AddCounters(const std::string& name, const std::string& help);
  Gauges& AddGauges(const std::string& name, const std::string& help);
  Histograms& AddHistograms(const std::string& name, const std::string& help);

  // Called before each rendering, one at a time, on its thread: sets what is looked up rather than counted.
  void AddSource(std::function<void()> source);

  // Everything, in Prometheus' text format 0.0.4.
  std::string Render();

 private:
  prometheus::Registry registry_;
  prometheus::Counter& cost_;
  Mutex mu_;
  std::vector<std::function<void()>> sources_ ABSL_GUARDED_BY(mu_);
};

// Values of a label that come from users, such as board types: the first few keep their names, all others are "other". Thread-safe.
class BoundedLabel {
 public:
  explicit BoundedLabel(size_t limit) : limit_(limit) {}

  std::string Of(const std::string& value);

 private:
  const size_t limit_;
  Mutex mu_;
  std::set<std::string> values_ ABSL_GUARDED_BY(mu_);
};

// A counter of what is counted elsewhere: raises it to `total`. One thread at a time for each counter.
void RaiseTo(prometheus::Counter& counter, double total);

}  // namespace boardloop
