#include "server/scheduler/leases.h"

#include "gmock/gmock.h"

namespace boardloop {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kTtl = absl::Seconds(30);

TEST(LeasesTest, RenewedLeasesDoNotExpire) {
  Leases leases(kTtl);
  leases.Add(1, 1, "members/a", absl::Seconds(0));
  EXPECT_TRUE(leases.Renew(1, 1, "members/a", absl::Seconds(20)));
  EXPECT_THAT(leases.Expired(absl::Seconds(49)), IsEmpty());
  EXPECT_THAT(leases.Expired(absl::Seconds(50)), SizeIs(1));
}

TEST(LeasesTest, OnlyTheHolderOfTheEpochRenews) {
  Leases leases(kTtl);
  leases.Add(1, 2, "members/a", absl::Seconds(0));
  EXPECT_FALSE(leases.Renew(1, 1, "members/a", absl::Seconds(1)));
  EXPECT_FALSE(leases.Renew(1, 2, "members/b", absl::Seconds(1)));
  EXPECT_FALSE(leases.Renew(2, 2, "members/a", absl::Seconds(1)));
}

TEST(LeasesTest, AnOlderGrantDoesNotReplaceANewerOne) {
  Leases leases(kTtl);
  leases.Add(1, 3, "members/b", absl::Seconds(0));
  leases.Add(1, 2, "members/a", absl::Seconds(0));
  EXPECT_THAT(leases.Of("members/a"), IsEmpty());
  EXPECT_THAT(leases.Of("members/b"), SizeIs(1));
}

TEST(LeasesTest, RemovingAnOldEpochKeepsTheNewOne) {
  Leases leases(kTtl);
  leases.Add(1, 3, "members/b", absl::Seconds(0));
  leases.Remove(1, 2);
  EXPECT_EQ(leases.size(), 1u);
  leases.Remove(1, 3);
  EXPECT_EQ(leases.size(), 0u);
}

}  // namespace
}  // namespace boardloop
