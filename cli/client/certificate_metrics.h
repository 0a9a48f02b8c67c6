// boardloop_certificate_expiry_timestamp_seconds: when the certificates of an identity folder end.
#pragma once

#include <string>

#include "core/metrics/metrics.h"

namespace boardloop {

// Looked up at each scrape: the folder is renewed while its program runs. Without a readable one they are 0, long over.
void AddCertificateMetrics(Metrics& metrics, const std::string& identity_folder);

}  // namespace boardloop
