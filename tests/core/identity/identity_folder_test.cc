#include "core/identity/identity_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "core/base/files.h"
#include "core/identity/authority.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

class IdentityFolderTest : public ::testing::Test {
 protected:
  IdentityFiles Make(const std::string& name) {
    IdentityFiles files;
    files.key = *NewKey();
    files.certificate = *authority_.SignIdentity(*MakeCertificateRequest(files.key),
                                                 MakeIdentity(v1::Identity::USER, name), now_);
    files.authority = authority_.certificate();
    files.server = "lab:7411";
    return files;
  }
  static std::string NameIn(const std::string& folder) {
    const absl::StatusOr<IdentityFiles> files = ReadIdentity(folder);
    if (!files.ok()) return std::string(files.status().message());
    return ParseCertificate(files->certificate)->identity->name();
  }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  const TestFolder folder_;
  const std::string path_ = folder_.Path("home/identity");
  const Authority authority_ = *Authority::LoadOrCreate(folder_.Path("authority"), now_);
};

TEST_F(IdentityFolderTest, IsReadAsItWasWritten) {
  EXPECT_THAT(ReadIdentity(path_), StatusIs(absl::StatusCode::kNotFound));
  const IdentityFiles files = Make("anna");
  ASSERT_THAT(WriteIdentity(path_, files), IsOk());
  const absl::StatusOr<IdentityFiles> read = ReadIdentity(path_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->key, files.key);
  EXPECT_EQ(read->certificate, files.certificate);
  EXPECT_EQ(read->authority, files.authority);
  EXPECT_EQ(read->server, "lab:7411");
  EXPECT_THAT(ReadFile(path_ + "/server", 100), IsOkAndHolds("lab:7411\n"));
  struct stat info;
  ASSERT_EQ(stat((path_ + "/key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700);
}

TEST_F(IdentityFolderTest, IsReplacedAsAWhole) {
  ASSERT_THAT(WriteIdentity(path_, Make("anna")), IsOk());
  ASSERT_THAT(WriteIdentity(path_, Make("bert")), IsOk());
  EXPECT_EQ(NameIn(path_), "bert");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/key.pem.next"));
}

// A writer is stopped before and after the certificate is there.
TEST_F(IdentityFolderTest, AWriterThatWasStoppedLeavesTheOldOrTheNew) {
  ASSERT_THAT(WriteIdentity(path_, Make("anna")), IsOk());
  const IdentityFiles next = Make("bert");
  ASSERT_THAT(WriteFileAtomically(path_ + "/key.pem.next", next.key, 0600), IsOk());
  EXPECT_EQ(NameIn(path_), "anna");
  ASSERT_THAT(WriteFileAtomically(path_ + "/certificate.pem", next.certificate), IsOk());
  EXPECT_EQ(NameIn(path_), "bert");
  EXPECT_THAT(ReadFile(path_ + "/key.pem", 10000), IsOkAndHolds(next.key));
}

TEST_F(IdentityFolderTest, PartsThatDoNotFitAreRefused) {
  ASSERT_THAT(WriteIdentity(path_, Make("anna")), IsOk());
  ASSERT_THAT(WriteFileAtomically(path_ + "/key.pem", *NewKey()), IsOk());
  EXPECT_THAT(ReadIdentity(path_), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("the key is not that of the certificate")));
  IdentityFiles files = Make("anna");
  files.authority = Authority::LoadOrCreate(folder_.Path("other"), now_)->certificate();
  ASSERT_THAT(WriteIdentity(path_, files), IsOk());
  EXPECT_THAT(ReadIdentity(path_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another authority")));
  files = Make("anna");
  files.certificate.resize(100);
  ASSERT_THAT(WriteIdentity(path_, files), IsOk());
  EXPECT_THAT(ReadIdentity(path_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cannot be read")));
}

TEST_F(IdentityFolderTest, IsRenewedAtHalfOfItsLife) {
  const Certificate certificate = *ParseCertificate(Make("anna").certificate);
  EXPECT_EQ(RenewalTime(certificate), now_ - kClockTolerance + (kPersonLife + kClockTolerance) / 2);
}

}  // namespace
}  // namespace boardloop
