// What a worker or an agent shows of its connection to the coordinator: boardloop_member_*.
#pragma once

#include <map>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/client/member_loop.h"
#include "core/metrics/metrics.h"

namespace boardloop {

class MemberMetrics : public MemberObserver {
 public:
  // `metrics` is not owned.
  explicit MemberMetrics(Metrics& metrics);

  void Synchronized(const absl::Status& status, absl::Duration duration) override;

 private:
  prometheus::Gauge& connected_;
  prometheus::Histogram& seconds_;
  std::map<absl::StatusCode, prometheus::Counter*> errors_;  // By every code but OK.
};

}  // namespace boardloop
