#include "core/identity/identity_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(IdentityNameTest, EveryRoleHasAName) {
  for (int role = 0; role < v1::Identity::Role_ARRAYSIZE; ++role) {
    const auto known = static_cast<v1::Identity::Role>(role);
    if (known == v1::Identity::ROLE_UNSPECIFIED) continue;
    EXPECT_THAT(ParseRole(RoleName(known)), IsOkAndHolds(known));
  }
  EXPECT_THAT(ParseRole("none"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseRole("root"), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("user, operator, worker or agent")));
}

TEST(IdentityNameTest, AUriIsReadBackAsItWasWritten) {
  const v1::Identity identity = MakeIdentity(v1::Identity::AGENT, "lab-3.example_1");
  EXPECT_EQ(IdentityUri(identity), "spiffe://boardloop/agent/lab-3.example_1");
  const absl::StatusOr<v1::Identity> parsed = ParseIdentityUri(IdentityUri(identity));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->role(), v1::Identity::AGENT);
  EXPECT_EQ(parsed->name(), "lab-3.example_1");
}

TEST(IdentityNameTest, NamesThatCouldBeTakenForSomethingElseAreRefused) {
  const std::string zero("a\0b", 3);
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string("../x"), std::string(".x"),
        std::string("-x"), std::string("a b"), std::string("a\nb"), std::string("a%2fb"),
        std::string("a,URI:x"), std::string("ä"), std::string(64, 'a'), zero}) {
    EXPECT_THAT(CheckIdentityName(name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(ParseIdentityUri("spiffe://boardloop/user/" + name), Not(IsOk())) << name;
  }
  EXPECT_THAT(CheckIdentityName(std::string(63, 'a')), IsOk());
}

TEST(IdentityNameTest, OtherUrisAreRefused) {
  for (const char* uri :
       {"", "spiffe://boardloop/", "spiffe://boardloop/user", "spiffe://boardloop/USER/a",
        "spiffe://other/user/a", "https://boardloop/user/a", "spiffe://boardloop/user/a/b"}) {
    EXPECT_THAT(ParseIdentityUri(uri), StatusIs(absl::StatusCode::kInvalidArgument)) << uri;
  }
}

TEST(IdentityNameTest, TextIsRoleAndName) {
  EXPECT_EQ(IdentityText(MakeIdentity(v1::Identity::WORKER, "a")), "worker/a");
  EXPECT_THAT(ParseIdentityText("worker"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ROLE/NAME")));
}

}  // namespace
}  // namespace boardloop
