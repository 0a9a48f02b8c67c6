#include "core/identity/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/identity/authority.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CertificateTest : public ::testing::Test {
 protected:
  static Authority Make(const TestFolder& folder, absl::Time now) {
    absl::StatusOr<Authority> authority = Authority::LoadOrCreate(folder.Path("authority"), now);
    EXPECT_THAT(authority, IsOk());
    return *std::move(authority);
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const TestFolder folder_, other_folder_;
  const Authority authority_ = Make(folder_, now_);
  const Authority other_ = Make(other_folder_, now_);
  const v1::Identity worker_ = MakeIdentity(v1::Identity::WORKER, "a");
  const std::string key_ = *NewKey();
  const std::string pem_ = *authority_.SignIdentity(*MakeCertificateRequest(key_), worker_, now_);
};

TEST_F(CertificateTest, SaysWhoAndFromWhenToWhen) {
  const absl::StatusOr<Certificate> certificate = ParseCertificate(pem_);
  ASSERT_THAT(certificate, IsOk());
  ASSERT_TRUE(certificate->identity.has_value());
  EXPECT_EQ(IdentityText(*certificate->identity), "worker/a");
  EXPECT_EQ(certificate->not_before, now_ - kClockTolerance);
  EXPECT_EQ(certificate->not_after, now_ + kProgramLife);
  EXPECT_THAT(NotAfter(pem_), IsOkAndHolds(now_ + kProgramLife));
}

TEST_F(CertificateTest, PeoplesLastLongerThanThoseOfPrograms) {
  for (const v1::Identity::Role role : {v1::Identity::USER, v1::Identity::OPERATOR}) {
    EXPECT_THAT(NotAfter(*authority_.SignIdentity(*MakeCertificateRequest(key_),
                                                  MakeIdentity(role, "anna"), now_)),
                IsOkAndHolds(now_ + kPersonLife));
  }
  for (const v1::Identity::Role role : {v1::Identity::WORKER, v1::Identity::AGENT}) {
    EXPECT_THAT(NotAfter(*authority_.SignIdentity(*MakeCertificateRequest(key_),
                                                  MakeIdentity(role, "lab-3"), now_)),
                IsOkAndHolds(now_ + kProgramLife));
  }
}

TEST_F(CertificateTest, IsValidWithinItsTimesOnly) {
  const Certificate certificate = *ParseCertificate(pem_);
  EXPECT_THAT(CheckTime(certificate, now_, "it"), IsOk());
  EXPECT_THAT(CheckTime(certificate, now_ + kProgramLife, "it"), IsOk());
  EXPECT_THAT(CheckTime(certificate, now_ + kProgramLife + absl::Seconds(1), "it"),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("it expired at 2027-01-16 08:00:00 UTC")));
  EXPECT_THAT(CheckTime(certificate, now_ - absl::Hours(1), "it"),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("valid from"), HasSubstr("clocks is off"))));
}

TEST_F(CertificateTest, HasOneKeyAndOneAuthority) {
  EXPECT_THAT(CheckKey(pem_, key_), IsOk());
  EXPECT_THAT(CheckKey(pem_, *NewKey()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not that of the")));
  EXPECT_THAT(CheckIssuer(pem_, authority_.certificate()), IsOk());
  EXPECT_THAT(CheckIssuer(pem_, other_.certificate()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another authority")));
  EXPECT_THAT(CheckIssuer(pem_, pem_), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CertificateTest, WhatIsCutOrNoPemIsRefused) {
  for (const size_t length : {size_t{0}, size_t{30}, pem_.size() / 2, pem_.size() - 60}) {
    EXPECT_THAT(ParseCertificate(pem_.substr(0, length)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(ParseCertificate(key_), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(NotAfter("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// As another authority might write them: two identities, or an identity and a host.
TEST_F(CertificateTest, OneWithMoreThanAnIdentityIsRefused) {
  for (const char* names :
       {"URI:spiffe://boardloop/user/a,URI:spiffe://boardloop/operator/b",
        "URI:spiffe://boardloop/user/a,DNS:localhost", "URI:https://example.org/", "email:a@b.c",
        "URI:spiffe://boardloop/user/a b"}) {
    const UniqueKey key = *ParseKey(key_);
    const UniqueCertificate certificate = *ReadCertificate(pem_);
    const int at = X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1);
    X509_EXTENSION_free(X509_delete_ext(certificate.get(), at));
    const UniqueExtension extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names));
    ASSERT_NE(extension, nullptr) << names;
    ASSERT_EQ(X509_add_ext(certificate.get(), extension.get(), -1), 1);
    ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    EXPECT_THAT(ParseCertificate(*WriteCertificate(certificate.get())),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << names;
  }
}

}  // namespace
}  // namespace boardloop
