#include "server/security/revocations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/identity/identity_name.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(RevocationsTest, ARevokedIdentityIsRefusedAlsoAfterARestart) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const v1::Identity worker = MakeIdentity(v1::Identity::WORKER, "a");
  MemoryStore store;
  std::unique_ptr<Revocations> revocations = *Revocations::Load(store);
  EXPECT_THAT(revocations->Check(worker), IsOk());
  EXPECT_THAT(revocations->Revoke(worker, now), IsOkAndHolds(now));
  EXPECT_THAT(revocations->Revoke(worker, now + absl::Hours(1)), IsOkAndHolds(now));
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(revocations->Check(worker),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr("worker/a was revoked at 2027-01-15 08:00:00 UTC")));
    EXPECT_THAT(revocations->Check(MakeIdentity(v1::Identity::AGENT, "a")), IsOk());
    revocations = *Revocations::Load(store);
  }
}

TEST(RevocationsTest, WhatIsNotStoredIsNotRefused) {
  const v1::Identity worker = MakeIdentity(v1::Identity::WORKER, "a");
  MemoryStore store;
  const std::unique_ptr<Revocations> revocations = *Revocations::Load(store);
  store.FailNextCommit(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(revocations->Revoke(worker, absl::UnixEpoch()),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(revocations->Check(worker), IsOk());
}

}  // namespace
}  // namespace boardloop
