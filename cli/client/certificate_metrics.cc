#include "cli/client/certificate_metrics.h"

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/identity/identity_folder.h"

namespace boardloop {

void AddCertificateMetrics(Metrics& metrics, const std::string& identity_folder) {
  Gauges& expiry = metrics.AddGauges("certificate_expiry_timestamp_seconds",
                                     "End of the certificate, in seconds since 1970.");
  prometheus::Gauge& own = expiry.Add({{"certificate", "own"}});
  prometheus::Gauge& authority = expiry.Add({{"certificate", "authority"}});
  metrics.AddSource([&own, &authority, identity_folder] {
    const absl::StatusOr<ExpiryTimes> times = ReadExpiryTimes(identity_folder);
    own.Set(times.ok() ? absl::ToUnixSeconds(times->own) : 0);
    authority.Set(times.ok() ? absl::ToUnixSeconds(times->authority) : 0);
  });
}

}  // namespace boardloop
