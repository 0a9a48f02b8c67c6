// Looks up what waits, what is at work, and what there is to work with: tasks, boards, members, predictors.
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "core/metrics/metrics.h"
#include "server/store/store.h"

namespace boardloop {

class FarmGauges {
 public:
  // Nothing is owned. `board_types` bounds that label.
  FarmGauges(Metrics& metrics, const Clock& clock, BoundedLabel& board_types);

  // Of a few questions for each board type, whatever the number of tasks. One thread at a time.
  absl::Status LookUp(Store& store);

 private:
  struct Queue {
    int64_t queued = 0, running = 0;
    double oldest_seconds = 0;
  };
  struct Type {
    std::map<v1::Board::State, int64_t> boards;
    double golden_drift = 0;
    double predictor_error = 0;
    int64_t predictor_measurements = 0;
    Queue measure;
  };

  absl::Status AddQueue(Transaction& tx, store::Task::Kind kind, const std::string& type,
                        Queue& queue) const;
  absl::Status AddType(Transaction& tx, const std::string& name, Type& type) const;
  void Show(store::Task::Kind kind, const std::string& type, const Queue& queue);
  void Show(const std::string& label, const Type& type);

  const Clock& clock_;
  BoundedLabel& board_types_;
  Gauges& queued_;
  Gauges& running_;
  Gauges& oldest_;
  Gauges& boards_;
  Gauges& drift_;
  Gauges& predictor_error_;
  Gauges& predictor_measurements_;
  Gauges& members_;
  std::set<std::string> types_;  // That were ever seen: one that goes is shown as 0.
};

}  // namespace boardloop
