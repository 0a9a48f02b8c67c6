// What an agent shows of its boards: boardloop_agent_*.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/metrics/metrics.h"
#include "device-agent/service/board_observer.h"

namespace boardloop {

// Thread-safe.
class AgentMetrics {
 public:
  // Boards and types that have series of their own; what comes later shares those of "other".
  static constexpr size_t kBoards = 48;
  static constexpr size_t kBoardTypes = 13;

  // `metrics` and `clock` are not owned; `metrics` must not be rendered any more when this has ended.
  AgentMetrics(Metrics& metrics, const Clock& clock);
  ~AgentMetrics();

  // `board` is the name on the farm, without "boards/". Its observer lives as long as this.
  BoardObserver& Add(const std::string& board, const std::string& type);

 private:
  class OfBoard;
  // What boards with one label share.
  struct OfLabel {
    prometheus::Counter *good_checks, *failed_checks, *erases, *restarts, *busy_seconds;
    prometheus::Gauge* drift;
  };
  OfLabel& LabelOf(const std::string& board) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::map<std::string, prometheus::Counter*> OutcomesOf(const std::string& type);
  void Collect();

  const Clock& clock_;
  Gauges& boards_;
  Counters& measurements_;
  Histograms& steps_;
  Counters& builds_;
  Counters& checks_;
  Gauges& drifts_;
  Counters& erases_;
  Counters& restarts_;
  Counters& busy_seconds_;
  std::map<std::string, prometheus::Histogram*> step_seconds_;  // By the label.
  std::map<BuildResult, prometheus::Counter*> builds_by_result_;
  BoundedLabel board_labels_, type_labels_;

  Mutex mu_;
  std::map<std::string, OfLabel> labels_ ABSL_GUARDED_BY(mu_);
  std::vector<std::unique_ptr<OfBoard>> all_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
