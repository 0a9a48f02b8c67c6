#include "core/identity/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Ne;
using ::testing::StartsWith;

std::string RsaKey() {
  const UniqueKey key(EVP_RSA_gen(2048));
  const UniqueBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(out);
}

TEST(KeyTest, EachKeyIsAnother) {
  const absl::StatusOr<std::string> key = NewKey();
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(*key, StartsWith("-----BEGIN PRIVATE KEY-----"));
  EXPECT_THAT(NewKey(), IsOkAndHolds(Ne(*key)));
  EXPECT_THAT(ParseKey(*key), IsOk());
}

TEST(KeyTest, ARequestHasThePublicHalfOfItsKey) {
  const std::string key = *NewKey();
  const absl::StatusOr<std::string> request = MakeCertificateRequest(key);
  ASSERT_THAT(request, IsOk());
  const absl::StatusOr<UniqueKey> asked = ParseCertificateRequest(*request);
  ASSERT_THAT(asked, IsOk());
  EXPECT_EQ(EVP_PKEY_eq(asked->get(), ParseKey(key)->get()), 1);
  EXPECT_EQ(*KeyDigest(asked->get()), *KeyDigest(ParseKey(key)->get()));
  EXPECT_EQ(KeyDigest(asked->get())->size(), 32);
}

TEST(KeyTest, WhatIsCutOrNoPemIsRefused) {
  const std::string key = *NewKey();
  const std::string request = *MakeCertificateRequest(key);
  for (const size_t length : {size_t{0}, size_t{20}, key.size() / 2, key.size() - 40}) {
    EXPECT_THAT(ParseKey(key.substr(0, length)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  for (const size_t length : {size_t{0}, size_t{20}, request.size() / 2, request.size() - 60}) {
    EXPECT_THAT(ParseCertificateRequest(request.substr(0, length)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(ParseKey(request), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseCertificateRequest(key), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseKey(std::string(100'000, 'A')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 65536")));
}

TEST(KeyTest, AnotherKindOfKeyIsRefused) {
  EXPECT_THAT(ParseKey(RsaKey()), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("type RSA, must be EC P-256")));
}

TEST(KeyTest, ARequestThatAnotherKeySignedIsRefused) {
  const std::string mine = *NewKey(), other = *NewKey();
  const UniqueRequest request(X509_REQ_new());
  ASSERT_EQ(X509_REQ_set_pubkey(request.get(), ParseKey(other)->get()), 1);
  ASSERT_GT(X509_REQ_sign(request.get(), ParseKey(mine)->get(), EVP_sha256()), 0);
  const UniqueBio out(BIO_new(BIO_s_mem()));
  ASSERT_EQ(PEM_write_bio_X509_REQ(out.get(), request.get()), 1);
  EXPECT_THAT(ParseCertificateRequest(TextOf(out)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not signed with the key")));
}

}  // namespace
}  // namespace boardloop
