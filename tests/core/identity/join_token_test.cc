#include "core/identity/join_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

v1::JoinToken Token() {
  v1::JoinToken token;
  token.set_role(v1::Identity::WORKER);
  token.set_name("lab-3");
  token.set_secret(*NewSecret());
  token.set_authority_sha256(std::string(32, '\x01'));
  return token;
}

TEST(JoinTokenTest, TheTextIsOneWordAndReadBack) {
  const v1::JoinToken token = Token();
  const std::string text = JoinTokenText(token);
  EXPECT_THAT(text, MatchesRegex("bl1-[A-Za-z0-9_-]+"));
  const absl::StatusOr<v1::JoinToken> parsed = ParseJoinToken(" " + text + "\n");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->SerializeAsString(), token.SerializeAsString());
}

TEST(JoinTokenTest, WhatIsNotAWholeTokenIsRefusedWithoutSayingIt) {
  const std::string text = JoinTokenText(Token());
  for (const std::string& bad :
       {std::string(), text.substr(4), text.substr(0, text.size() - 8), text + "!",
        std::string("bl1-"), std::string("bl1-") + std::string(2000, 'A')}) {
    EXPECT_THAT(ParseJoinToken(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr(text.substr(20, 20)))))
        << bad;
  }
}

TEST(JoinTokenTest, WithoutARoleASecretOrAnAuthorityItIsNone) {
  for (void (*spoil)(v1::JoinToken&) : {
           +[](v1::JoinToken& token) { token.clear_role(); },
           +[](v1::JoinToken& token) { token.set_secret("short"); },
           +[](v1::JoinToken& token) { token.clear_authority_sha256(); },
           +[](v1::JoinToken& token) { token.set_name("a/b"); },
       }) {
    v1::JoinToken token = Token();
    spoil(token);
    EXPECT_THAT(ParseJoinToken(JoinTokenText(token)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(JoinTokenTest, SecretsDifferAndAreKnownByTheirDigest) {
  EXPECT_NE(*NewSecret(), *NewSecret());
  EXPECT_EQ(SecretDigest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace boardloop
