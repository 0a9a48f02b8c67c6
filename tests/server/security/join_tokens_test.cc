#include "server/security/join_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "server/security/identities.h"
#include "tests/support/memory_store.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class JoinTokensTest : public ::testing::Test {
 protected:
  // The secret of a new token.
  std::string Make(const std::string& name = "", int32_t uses = 1) {
    v1::CreateTokenRequest request;
    request.set_role(v1::Identity::WORKER);
    request.set_name(name);
    request.set_uses(uses);
    const absl::StatusOr<v1::CreateTokenResponse> token = Create(request);
    EXPECT_THAT(token, IsOk());
    return ParseJoinToken(token->token())->secret();
  }
  absl::StatusOr<v1::CreateTokenResponse> Create(const v1::CreateTokenRequest& request) {
    return CreateJoinToken(store_, request, std::string(32, 'a'), now_);
  }
  // "worker/a", or the error.
  absl::StatusOr<std::string> Use(const std::string& secret, const std::string& name,
                                  const std::string& key) {
    const absl::StatusOr<v1::Identity> identity = UseJoinToken(store_, secret, name, key, now_);
    if (!identity.ok()) return identity.status();
    return IdentityText(*identity);
  }

  MemoryStore store_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(JoinTokensTest, ATokenLetsOneKeyJoinAndTheSameAgain) {
  const std::string secret = Make();
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOkAndHolds("worker/a"));
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOkAndHolds("worker/a"));
  EXPECT_THAT(Use(secret, "b", "key 2"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("used up (1 of 1)")));
}

TEST_F(JoinTokensTest, UsesAreCounted) {
  const std::string secret = Make("", 2);
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOk());
  EXPECT_THAT(Use(secret, "b", "key 2"), IsOkAndHolds("worker/b"));
  EXPECT_THAT(Use(secret, "c", "key 3"), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(JoinTokensTest, ATokenExpires) {
  const std::string secret = Make();
  now_ += absl::Hours(1) - absl::Seconds(1);
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOk());
  now_ += absl::Seconds(1);
  EXPECT_THAT(Use(secret, "a", "key 1"), StatusIs(absl::StatusCode::kUnauthenticated,
                                                  HasSubstr("expired at 2027-01-15 09:00:00 UTC")));
}

TEST_F(JoinTokensTest, AnUnknownTokenIsRefused) {
  EXPECT_THAT(Use(std::string(32, 'x'), "a", "key"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("does not know")));
}

TEST_F(JoinTokensTest, ANameIsTheTokensOrOneThatIsGiven) {
  const std::string bound = Make("a", 9), open = Make("", 9);
  EXPECT_THAT(Use(bound, "", "key 1"), IsOkAndHolds("worker/a"));
  EXPECT_THAT(Use(bound, "a", "key 2"), IsOkAndHolds("worker/a"));
  EXPECT_THAT(Use(bound, "b", "key 3"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("worker/a only")));
  EXPECT_THAT(Use(open, "", "key 4"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Use(open, "a/b", "key 5"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(JoinTokensTest, NobodyJoinsUnderARevokedName) {
  const std::string secret = Make();
  const std::unique_ptr<Identities> identities = *Identities::Load(store_);
  ASSERT_THAT(identities->Revoke(MakeIdentity(v1::Identity::WORKER, "a"), true, now_), IsOk());
  EXPECT_THAT(Use(secret, "a", "key"),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("worker/a was revoked")));
  EXPECT_THAT(Use(secret, "b", "key"), IsOk()) << "the refused call was no use";
  v1::CreateTokenRequest request;
  request.set_role(v1::Identity::WORKER);
  request.set_name("a");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(JoinTokensTest, NobodyJoinsAsTheCoordinatorsOwnProgram) {
  v1::CreateTokenRequest request;
  request.set_role(v1::Identity::OPERATOR);
  request.set_name("local-bob");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("local-")));
  request.clear_name();
  const std::string secret = ParseJoinToken(Create(request)->token())->secret();
  EXPECT_THAT(Use(secret, "local-bob", "key"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Use(secret, "bob", "key"), IsOkAndHolds("operator/bob"));
}

TEST_F(JoinTokensTest, WhoJoinedIsKnown) {
  EXPECT_THAT(Use(Make(), "a", "key"), IsOk());
  const std::vector<v1::KnownIdentity> known = *(*Identities::Load(store_))->List();
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(IdentityText(known[0].identity()), "worker/a");
}

TEST_F(JoinTokensTest, TokensAreListedUntilTheyExpire) {
  const std::string secret = Make("", 3);
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOk());
  const std::vector<v1::JoinTokenInfo> tokens = *ListJoinTokens(store_, now_);
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].token_id(), SecretDigest(secret).substr(0, 12));
  EXPECT_EQ(tokens[0].role(), v1::Identity::WORKER);
  EXPECT_EQ(tokens[0].used(), 1);
  EXPECT_EQ(tokens[0].uses(), 3);
  EXPECT_TRUE(ListJoinTokens(store_, now_ + absl::Hours(1))->empty());
}

TEST_F(JoinTokensTest, NobodyJoinsWithADeletedToken) {
  const std::string secret = Make("", 3), other = Make("", 3);
  EXPECT_THAT(Use(secret, "a", "key 1"), IsOk());
  const std::string id = SecretDigest(secret).substr(0, 12);
  EXPECT_THAT(DeleteJoinToken(store_, id), IsOk());
  EXPECT_THAT(DeleteJoinToken(store_, id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(DeleteJoinToken(store_, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Use(secret, "b", "key 2"), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(Use(other, "b", "key 2"), IsOk());
}

TEST_F(JoinTokensTest, TheStoreDoesNotKnowTheSecret) {
  const std::string secret = Make();
  std::string rows;
  ASSERT_THAT(store_.Read([&](Transaction& tx) {
    rows = (*tx.GetToken(SecretDigest(secret)))->SerializeAsString();
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(rows, AllOf(Not(HasSubstr(secret)), HasSubstr(SecretDigest(secret))));
}

TEST_F(JoinTokensTest, RequestsOutOfRangeAreRefused) {
  v1::CreateTokenRequest request;
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("role")));
  request.set_role(v1::Identity::USER);
  EXPECT_THAT(Create(request), IsOk());
  request.set_uses(1001);
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("uses")));
  request.set_uses(1000);
  request.set_hours(721);
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("hours")));
  request.set_hours(720);
  request.set_name("a b");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
}

}  // namespace
}  // namespace boardloop
