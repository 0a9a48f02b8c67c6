#include "core/identity/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/files.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class AuthorityTest : public ::testing::Test {
 protected:
  absl::StatusOr<Authority> Open() { return Authority::LoadOrCreate(path_, now_); }
  static std::string Request() { return *MakeCertificateRequest(*NewKey()); }
  // Whether OpenSSL, told what gRPC tells it, takes the certificate for `purpose`.
  static bool Accepts(const Authority& authority, const std::string& pem, int purpose,
                      absl::Time now) {
    X509_STORE* const trusted = X509_STORE_new();
    const UniqueCertificate root = *ReadCertificate(authority.certificate());
    X509_STORE_add_cert(trusted, root.get());
    X509_STORE_CTX* const context = X509_STORE_CTX_new();
    const UniqueCertificate certificate = *ReadCertificate(pem);
    X509_STORE_CTX_init(context, trusted, certificate.get(), nullptr);
    X509_STORE_CTX_set_purpose(context, purpose);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), absl::ToTimeT(now));
    const bool accepted = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(trusted);
    return accepted;
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const v1::Identity user_ = MakeIdentity(v1::Identity::USER, "anna");
  const TestFolder folder_;
  const std::string path_ = folder_.Path("state/authority");
};

TEST_F(AuthorityTest, IsMadeOnceAndFoundAgain) {
  EXPECT_THAT(Authority::Load(path_), StatusIs(absl::StatusCode::kNotFound));
  const absl::StatusOr<Authority> made = Open();
  ASSERT_THAT(made, IsOk());
  const absl::StatusOr<Authority> found = Open();
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->sha256(), made->sha256());
  EXPECT_EQ(made->sha256().size(), 32);
  struct stat info;
  ASSERT_EQ(stat((path_ + "/key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700);
}

TEST_F(AuthorityTest, ADamagedOneIsNotReplaced) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(WriteFileAtomically(path_ + "/key.pem", *NewKey()), IsOk());
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("the key is not that of the certificate")));
  std::filesystem::remove(path_ + "/key.pem");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("key.pem")));
}

TEST_F(AuthorityTest, IdentitiesAreForClientsAndServersForServers) {
  const Authority authority = *Open();
  const absl::StatusOr<std::string> client = authority.SignIdentity(Request(), user_, now_);
  const absl::StatusOr<std::string> server = authority.SignServer(Request(), {"localhost"}, now_);
  ASSERT_THAT(client, IsOk());
  ASSERT_THAT(server, IsOk());
  EXPECT_TRUE(Accepts(authority, *client, X509_PURPOSE_SSL_CLIENT, now_));
  EXPECT_FALSE(Accepts(authority, *client, X509_PURPOSE_SSL_SERVER, now_));
  EXPECT_TRUE(Accepts(authority, *server, X509_PURPOSE_SSL_SERVER, now_));
  EXPECT_FALSE(Accepts(authority, *server, X509_PURPOSE_SSL_CLIENT, now_));
  EXPECT_FALSE(ParseCertificate(*server)->identity.has_value());
}

TEST_F(AuthorityTest, WhatItSignsIsAcceptedFromALittleBeforeForItsLife) {
  const Authority authority = *Open();
  const std::string pem = *authority.SignIdentity(Request(), user_, now_);
  EXPECT_FALSE(Accepts(authority, pem, X509_PURPOSE_SSL_CLIENT, now_ - absl::Minutes(11)));
  EXPECT_TRUE(Accepts(authority, pem, X509_PURPOSE_SSL_CLIENT, now_ - absl::Minutes(9)));
  EXPECT_TRUE(
      Accepts(authority, pem, X509_PURPOSE_SSL_CLIENT, now_ + kPersonLife - absl::Hours(1)));
  EXPECT_FALSE(
      Accepts(authority, pem, X509_PURPOSE_SSL_CLIENT, now_ + kPersonLife + absl::Hours(1)));
}

TEST_F(AuthorityTest, CertificatesOfAnotherAreNotAccepted) {
  const Authority authority = *Open();
  const Authority other = *Authority::LoadOrCreate(folder_.Path("other"), now_);
  EXPECT_FALSE(Accepts(authority, *other.SignIdentity(Request(), user_, now_),
                       X509_PURPOSE_SSL_CLIENT, now_));
}

TEST_F(AuthorityTest, ASignedCertificateSignsNoOther) {
  const Authority authority = *Open();
  const std::string key = *NewKey();
  const std::string pem = *authority.SignIdentity(*MakeCertificateRequest(key), user_, now_);
  const UniqueCertificate issuer = *ReadCertificate(pem);
  EXPECT_EQ(X509_check_ca(issuer.get()), 0);
}

TEST_F(AuthorityTest, NoCertificateOutlivesTheAuthoritys) {
  const Authority authority = *Open();
  const absl::Time end = *NotAfter(authority.certificate());
  EXPECT_THAT(NotAfter(*authority.SignIdentity(Request(), user_, end - absl::Hours(1))),
              IsOkAndHolds(end));
  EXPECT_THAT(authority.SignIdentity(Request(), user_, end),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expired")));
}

TEST_F(AuthorityTest, BadNamesAndHostsAreRefused) {
  const Authority authority = *Open();
  for (const char* name : {"", "a/b", "a,URI:spiffe://boardloop/operator/x"}) {
    EXPECT_THAT(authority.SignIdentity(Request(), MakeIdentity(v1::Identity::USER, name), now_),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
  EXPECT_THAT(authority.SignIdentity(Request(), v1::Identity(), now_),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const char* host : {"", "a b", "lab:7411", "a,DNS:b", "-x", "*.example.org"}) {
    EXPECT_THAT(authority.SignServer(Request(), {host}, now_),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << host;
  }
  EXPECT_THAT(
      authority.SignServer(Request(), {"lab.example.org", "10.0.0.1", "::1", "10.0.0.1"}, now_),
      IsOk());
}

TEST_F(AuthorityTest, SerialNumbersDiffer) {
  const Authority authority = *Open();
  const std::string request = Request();
  EXPECT_NE(*authority.SignIdentity(request, user_, now_),
            *authority.SignIdentity(request, user_, now_));
}

}  // namespace
}  // namespace boardloop
