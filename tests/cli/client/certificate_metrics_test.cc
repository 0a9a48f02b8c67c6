#include "cli/client/certificate_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "core/identity/authority.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "tests/support/metrics_text.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

constexpr char kOwn[] = "boardloop_certificate_expiry_timestamp_seconds{certificate=\"own\"}";
constexpr char kAuthority[] =
    "boardloop_certificate_expiry_timestamp_seconds{certificate=\"authority\"}";

TEST(CertificateMetricsTest, FollowsTheFolder) {
  const TestFolder folder;
  const absl::Time made = absl::FromUnixSeconds(1'800'000'000);
  const Authority authority = *Authority::LoadOrCreate(folder.Path("authority"), made);
  Metrics metrics("boardloop-test", "1");
  AddCertificateMetrics(metrics, folder.Path("identity"));
  EXPECT_EQ(ValueOf(metrics.Render(), kOwn), 0);  // There is none yet.

  const auto write = [&](absl::Time now) {
    IdentityFiles files;
    files.key = *NewKey();
    files.certificate = *authority.SignIdentity(*MakeCertificateRequest(files.key),
                                                MakeIdentity(v1::Identity::WORKER, "a"), now);
    files.authority = authority.certificate();
    files.server = "lab:1";
    ASSERT_THAT(WriteIdentity(folder.Path("identity"), files), IsOk());
  };
  write(made);
  const std::string first = metrics.Render();
  EXPECT_GT(ValueOf(first, kOwn), absl::ToUnixSeconds(made));
  EXPECT_GT(ValueOf(first, kAuthority), ValueOf(first, kOwn));
  write(made + absl::Hours(12));
  EXPECT_EQ(ValueOf(metrics.Render(), kOwn), ValueOf(first, kOwn) + 12 * 3600);
}

}  // namespace
}  // namespace boardloop
