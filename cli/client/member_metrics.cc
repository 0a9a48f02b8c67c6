#include "cli/client/member_metrics.h"

#include "absl/time/time.h"

namespace boardloop {
namespace {

// A call on one machine takes milliseconds; its deadline is 20 s.
const prometheus::Histogram::BucketBoundaries kCallSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5};
constexpr int kLastCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

}  // namespace

MemberMetrics::MemberMetrics(Metrics& metrics)
    : connected_(metrics
                     .AddGauges("member_connected",
                                "1 while the coordinator answered the last Synchronize, else 0.")
                     .Add({})),
      seconds_(metrics
                   .AddHistograms("member_synchronize_seconds",
                                  "Duration of Synchronize calls, also of those that failed.")
                   .Add({}, kCallSeconds)) {
  Counters& errors = metrics.AddCounters("member_synchronize_errors_total",
                                         "Synchronize calls that failed, by gRPC's code.");
  for (int code = 1; code <= kLastCode; ++code) {
    const auto status = static_cast<absl::StatusCode>(code);
    errors_[status] = &errors.Add({{"code", absl::StatusCodeToString(status)}});
  }
}

void MemberMetrics::Synchronized(const absl::Status& status, absl::Duration duration) {
  seconds_.Observe(absl::ToDoubleSeconds(duration));
  connected_.Set(status.ok() ? 1 : 0);
  const auto error = errors_.find(status.code());
  if (error != errors_.end()) error->second->Increment();
}

}  // namespace boardloop
