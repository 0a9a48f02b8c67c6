#include "server/security/identities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/identity/identity_name.h"
#include "server/store/timestamps.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class IdentitiesTest : public ::testing::Test {
 protected:
  // As a coordinator that starts anew.
  void Load() { identities_ = *Identities::Load(store_); }
  std::vector<v1::KnownIdentity> List() {
    absl::StatusOr<std::vector<v1::KnownIdentity>> known = identities_->List();
    EXPECT_THAT(known, IsOk());
    return *std::move(known);
  }
  // The only one.
  v1::KnownIdentity Known() {
    const std::vector<v1::KnownIdentity> known = List();
    EXPECT_EQ(known.size(), 1u);
    return known.empty() ? v1::KnownIdentity() : known[0];
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const v1::Identity worker_ = MakeIdentity(v1::Identity::WORKER, "a");
  MemoryStore store_;
  std::unique_ptr<Identities> identities_ = *Identities::Load(store_);
};

TEST_F(IdentitiesTest, ARevokedIdentityIsRefusedAlsoAfterARestart) {
  EXPECT_THAT(identities_->Check(worker_), IsOk());
  EXPECT_THAT(identities_->Revoke(worker_, true, now_), IsOkAndHolds(now_));
  EXPECT_THAT(identities_->Revoke(worker_, false, now_ + absl::Hours(1)), IsOkAndHolds(now_));
  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(identities_->Check(worker_),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         HasSubstr("worker/a was revoked at 2027-01-15 08:00:00 UTC")));
    EXPECT_THAT(identities_->Check(MakeIdentity(v1::Identity::AGENT, "a")), IsOk());
    Load();
  }
  EXPECT_EQ(FromTimestamp(Known().revoke_time()), now_);
  EXPECT_FALSE(Known().has_first_time());
}

TEST_F(IdentitiesTest, WhatIsNotStoredIsNotRefused) {
  store_.FailNextCommit(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(identities_->Revoke(worker_, true, absl::UnixEpoch()),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(identities_->Check(worker_), IsOk());
}

TEST_F(IdentitiesTest, ANameThatNobodyHasIsNotRevokedByMistake) {
  EXPECT_THAT(identities_->Revoke(worker_, false, now_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("worker/a has never joined")));
  EXPECT_THAT(identities_->Check(worker_), IsOk());
  identities_->Called(worker_, now_ + absl::Hours(24), now_);
  EXPECT_THAT(identities_->Revoke(worker_, false, now_), IsOk()) << "it has called since";
}

TEST_F(IdentitiesTest, WhoCallsIsKnownAlsoAfterARestart) {
  const absl::Time expire = now_ + absl::Hours(24), later = now_ + absl::Minutes(5);
  identities_->Called(worker_, expire, now_);
  ASSERT_THAT(identities_->Keep(), IsOk());
  identities_->Called(worker_, expire, later);
  EXPECT_EQ(FromTimestamp(Known().last_call_time()), later);
  Load();
  const v1::KnownIdentity known = Known();
  EXPECT_EQ(IdentityText(known.identity()), "worker/a");
  EXPECT_EQ(FromTimestamp(known.first_time()), now_);
  EXPECT_EQ(FromTimestamp(known.expire_time()), expire);
  EXPECT_FALSE(known.has_last_call_time());
  EXPECT_FALSE(known.has_revoke_time());
}

TEST_F(IdentitiesTest, ARenewedCertificateIsKeptAndAnOldOneIsNot) {
  const absl::Time old = now_ + absl::Hours(24), renewed = now_ + absl::Hours(36);
  for (const absl::Time expire : {old, renewed, old}) {
    identities_->Called(worker_, expire, now_);
    ASSERT_THAT(identities_->Keep(), IsOk());
  }
  EXPECT_EQ(FromTimestamp(Known().expire_time()), renewed);
}

TEST_F(IdentitiesTest, CallsThatCouldNotBeKeptAreKeptLater) {
  identities_->Called(worker_, now_ + absl::Hours(24), now_);
  store_.FailNextCommit(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(identities_->Keep(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(Known().has_first_time()) << "they are listed all the same";
  EXPECT_THAT(identities_->Keep(), IsOk());
  Load();
  EXPECT_TRUE(Known().has_first_time());
}

TEST_F(IdentitiesTest, ThisMachinesOwnProgramsAreNobody) {
  identities_->Called(MakeIdentity(v1::Identity::OPERATOR, "local-0123"), now_, now_);
  EXPECT_TRUE(List().empty());
  identities_->Called(MakeIdentity(v1::Identity::WORKER, "local-0123"), now_, now_);
  EXPECT_EQ(List().size(), 1u);
}

TEST_F(IdentitiesTest, WhoJoinedIsKnownBeforeTheFirstCall) {
  ASSERT_THAT(store_.Run([&](Transaction& tx) { return NoteJoined(tx, worker_, now_); }), IsOk());
  ASSERT_THAT(
      store_.Run([&](Transaction& tx) { return NoteJoined(tx, worker_, now_ + absl::Hours(1)); }),
      IsOk());
  EXPECT_EQ(FromTimestamp(Known().first_time()), now_);
  EXPECT_EQ(FromTimestamp(Known().expire_time()), now_ + absl::Hours(25));
  EXPECT_FALSE(Known().has_last_call_time());
}

}  // namespace
}  // namespace boardloop
