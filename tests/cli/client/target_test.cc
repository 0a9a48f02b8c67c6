#include "cli/client/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/time/clock.h"
#include "cli/client/credentials.h"
#include "cli/client/member_identity.h"
#include "core/base/files.h"
#include "core/identity/authority.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "core/identity/key.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

// With a home of its own, where nothing is.
class TargetTest : public ::testing::Test {
 protected:
  TargetTest() {
    unsetenv("BOARDLOOP_SERVER");
    unsetenv("BOARDLOOP_IDENTITY");
    setenv("XDG_CONFIG_HOME", folder_.path().c_str(), 1);
  }

  // Writes an identity that names `server`.
  std::string Make(const std::string& folder, const std::string& server,
                   v1::Identity::Role role = v1::Identity::USER, absl::Time now = absl::Now()) {
    const Authority authority = *Authority::LoadOrCreate(folder_.Path("authority"), absl::Now());
    IdentityFiles files;
    files.key = *NewKey();
    files.certificate =
        *authority.SignIdentity(*MakeCertificateRequest(files.key), MakeIdentity(role, "a"), now);
    files.authority = authority.certificate();
    files.server = server;
    EXPECT_THAT(WriteIdentity(folder, files), IsOk());
    return folder;
  }
  // "ADDRESS as FOLDER"
  static std::string Find(const std::string& server, const std::string& identity) {
    const absl::StatusOr<Target> target = FindTarget({server, identity});
    return target.ok() ? target->address + " as " + target->identity
                       : std::string(target.status().message());
  }

  const TestFolder folder_;
  const std::string default_ = folder_.Path("boardloop/identity");
};

TEST_F(TargetTest, WithNothingItIsTheDefaultWithoutAnIdentity) {
  EXPECT_EQ(Find("", ""), "127.0.0.1:7411 as ");
  EXPECT_EQ(Find("lab:1", ""), "lab:1 as ");
  setenv("BOARDLOOP_SERVER", "env:1", 1);
  EXPECT_EQ(Find("", ""), "env:1 as ");
}

TEST_F(TargetTest, TheDefaultIdentityIsForItsOwnCoordinator) {
  Make(default_, "lab:1");
  EXPECT_EQ(Find("", ""), "lab:1 as " + default_);
  EXPECT_EQ(Find("lab:1", ""), "lab:1 as " + default_);
  EXPECT_EQ(Find("other:1", ""), "other:1 as ");
  EXPECT_EQ(Find("", "none"), "127.0.0.1:7411 as ");
  setenv("BOARDLOOP_IDENTITY", "none", 1);
  EXPECT_EQ(Find("", ""), "127.0.0.1:7411 as ");
}

TEST_F(TargetTest, AProgramsOwnFolderComesBeforeTheDefault) {
  Make(default_, "lab:1");
  const std::string own = folder_.Path("worker/identity");
  const auto find = [&](const std::string& server) {
    const Target target = *FindTarget({server, ""}, own);
    return target.address + " as " + target.identity;
  };
  EXPECT_EQ(find(""), "lab:1 as " + default_) << "it has none yet";
  Make(own, "lab:2");
  EXPECT_EQ(find(""), "lab:2 as " + own);
  EXPECT_EQ(find("lab:2"), "lab:2 as " + own);
  EXPECT_EQ(find("lab:1"), "lab:1 as " + default_);
  EXPECT_EQ(find("lab:3"), "lab:3 as ");
  EXPECT_EQ(FindTarget({"lab:2", "none"}, own)->identity, "");
}

TEST_F(TargetTest, AnIdentityThatIsAskedForIsForWhateverAddress) {
  Make(default_, "lab:1");
  const std::string mine = Make(folder_.Path("mine"), "mine:1");
  EXPECT_EQ(Find("", mine), "mine:1 as " + mine);
  EXPECT_EQ(Find("other:1", mine), "other:1 as " + mine);
  setenv("BOARDLOOP_IDENTITY", mine.c_str(), 1);
  EXPECT_EQ(Find("", ""), "mine:1 as " + mine);
  EXPECT_THAT(Find("", folder_.Path("none")), HasSubstr("there is no identity in"));
  EXPECT_THAT(Find("lab", ""), HasSubstr("HOST:PORT"));
}

TEST_F(TargetTest, AnExpiredIdentitySaysHowToComeToANewOne) {
  const std::string old = Make(folder_.Path("old"), "lab:1", v1::Identity::USER,
                               absl::Now() - kPersonLife - absl::Hours(1));
  EXPECT_THAT(CheckUsable(old, absl::Now()),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("`boardloop join lab:1 TOKEN` makes a new one")));
}

TEST_F(TargetTest, AMemberIsCalledAsItsIdentity) {
  const auto log = [](const std::string&) {};
  MemberFlags flags;
  flags.target.identity = Make(folder_.Path("w"), "lab:1", v1::Identity::WORKER);
  const auto prepare = [&](v1::Identity::Role role) {
    return PrepareMember(flags, role, "worker", folder_.Path("own"), log);
  };
  const absl::StatusOr<MemberTarget> member = prepare(v1::Identity::WORKER);
  ASSERT_THAT(member, IsOk());
  EXPECT_EQ(member->member, "members/a");
  EXPECT_EQ(member->target.address, "lab:1");
  EXPECT_THAT(prepare(v1::Identity::AGENT),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is worker/a, and that of role agent is needed")));
  flags.name = "b";
  EXPECT_THAT(prepare(v1::Identity::WORKER),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the name is b")));
  flags.target.identity = "none";
  EXPECT_EQ(prepare(v1::Identity::WORKER)->member, "members/b");
}

TEST_F(TargetTest, ATokenOfAnotherRoleIsNotUsedUp) {
  MemberFlags flags;
  flags.target.server = "127.0.0.1:1";  // Nobody is asked.
  flags.join_token_file = folder_.Path("token");
  v1::JoinToken token;
  token.set_role(v1::Identity::WORKER);
  token.set_secret(*NewSecret());
  token.set_authority_sha256(std::string(32, 'a'));
  ASSERT_THAT(WriteFileAtomically(flags.join_token_file, JoinTokenText(token)), IsOk());
  EXPECT_THAT(PrepareMember(flags, v1::Identity::AGENT, "agent", folder_.Path("own"),
                            [](const std::string&) {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is one for the role worker, and that of role agent is needed")));
}

TEST_F(TargetTest, ATokenFileThatIsNoneIsSaidWithTheReasonForJoining) {
  MemberFlags flags;
  flags.join_token_file = folder_.Path("token");
  const auto prepare = [&] {
    return PrepareMember(flags, v1::Identity::WORKER, "worker", folder_.Path("own"),
                         [](const std::string&) {});
  };
  EXPECT_THAT(prepare(), StatusIs(absl::StatusCode::kNotFound, HasSubstr(flags.join_token_file)));
  flags.target.identity = "none";
  EXPECT_THAT(prepare(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace boardloop
