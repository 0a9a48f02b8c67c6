// A coordinator with TLS over real gRPC on loopback: who is let in, and who is told what.
#include "boardloop/v1/security_service.grpc.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "boardloop/v1/admin_service.grpc.pb.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "boardloop/v1/search_service.grpc.pb.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/credentials.h"
#include "cli/client/explain.h"
#include "cli/client/grpc_status.h"
#include "cli/client/identity_renewal.h"
#include "cli/client/join.h"
#include "cli/client/tls_probe.h"
#include "core/identity/authority.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/join_token.h"
#include "core/identity/key.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/coordinator.h"
#include "tests/server/api/call.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Channel = std::shared_ptr<grpc::Channel>;

class SecurityServiceTest : public ::testing::Test {
 protected:
  // OpenSSL goes by the machine's clock: certificates made 13 hours ago are valid there, and half of their life is over.
  SecurityServiceTest() {
    clock_.Jump(absl::Now() - absl::Hours(13) - clock_.Now());
    Start("127.0.0.1:0", true);
  }

  void Start(const std::string& address, bool tls) {
    coordinator_.reset();
    Coordinator::Options options;
    options.address = address;
    options.tls = tls;
    options.state_folder = folder_.Path("state");
    options.threads = 1;
    options.clock = &clock_;
    absl::StatusOr<std::unique_ptr<Coordinator>> started = Coordinator::Start(options);
    ASSERT_THAT(started, IsOk());
    coordinator_ = *std::move(started);
    port_ = ParseHostPort(coordinator_->address())->port;
    address_ = absl::StrCat("127.0.0.1:", port_);
  }

  Authority TheAuthority() const { return *Authority::Load(folder_.Path("state/authority")); }

  // As `boardloop-server identity` makes it.
  std::string Folder(v1::Identity::Role role, const std::string& name) {
    const Authority authority = TheAuthority();
    return FolderOf(authority, authority, role, name);
  }
  std::string FolderOf(const Authority& signer, const Authority& believed, v1::Identity::Role role,
                       const std::string& name) {
    IdentityFiles files;
    files.key = *NewKey();
    files.certificate = *signer.SignIdentity(*MakeCertificateRequest(files.key),
                                             MakeIdentity(role, name), clock_.Now());
    files.authority = believed.certificate();
    files.server = address_;
    std::string folder = folder_.Path(absl::StrCat(RoleName(role), "-", name));
    EXPECT_THAT(WriteIdentity(folder, files), IsOk());
    return folder;
  }
  Channel Open(v1::Identity::Role role, const std::string& name) {
    absl::StatusOr<Channel> channel = OpenChannel(address_, Folder(role, name));
    EXPECT_THAT(channel, IsOk());
    return *channel;
  }

  absl::Status List(const Channel& channel) {
    return Call(channel, &v1::SearchService::Stub::ListSearches, v1::ListSearchesRequest())
        .status();
  }
  absl::Status Synchronize(const Channel& channel, const std::string& name, v1::Member::Kind kind) {
    v1::SynchronizeRequest request;
    request.set_protocol_version(1);
    request.set_member("members/" + name);
    request.set_instance("1");
    request.set_kind(kind);
    return Call(channel, &v1::TaskService::Stub::Synchronize, request).status();
  }
  // A call of the operator olga.
  template <typename Method, typename Request>
  auto AsOlga(Method method, const Request& request) {
    return Call(Open(v1::Identity::OPERATOR, "olga"), method, request);
  }
  std::string Token(v1::Identity::Role role, const std::string& name = "") {
    v1::CreateTokenRequest request;
    request.set_role(role);
    request.set_name(name);
    const absl::StatusOr<v1::CreateTokenResponse> token =
        AsOlga(&v1::SecurityService::Stub::CreateToken, request);
    EXPECT_THAT(token, IsOk());
    return token.ok() ? token->token() : "";
  }
  absl::StatusOr<v1::RevokeIdentityResponse> Revoke(v1::Identity::Role role,
                                                    const std::string& name) {
    v1::RevokeIdentityRequest request;
    *request.mutable_identity() = MakeIdentity(role, name);
    return AsOlga(&v1::SecurityService::Stub::RevokeIdentity, request);
  }
  // What a user is told of a call that failed.
  absl::Status Explained(const std::string& address, const std::string& identity) {
    const absl::StatusOr<Channel> channel = OpenChannel(address, identity);
    if (!channel.ok()) return channel.status();
    return ExplainFailure(List(*channel), address, identity);
  }

  FakeClock clock_;
  TestFolder folder_;
  std::unique_ptr<Coordinator> coordinator_;
  std::string address_;
  int port_ = 0;
};

// ---- Who is let in.

TEST_F(SecurityServiceTest, WithoutACertificateThereIsHealthAndNothingElse) {
  const Channel channel = *OpenChannelWith(address_, TextCredentials(TheAuthority().certificate()));
  const auto health =
      Call(channel, &grpc::health::v1::Health::Stub::Check, grpc::health::v1::HealthCheckRequest());
  ASSERT_THAT(health, IsOk());
  EXPECT_EQ(health->status(), grpc::health::v1::HealthCheckResponse::SERVING);
  EXPECT_THAT(List(channel), StatusIs(absl::StatusCode::kUnauthenticated,
                                      AllOf(HasSubstr("SearchService/ListSearches"),
                                            HasSubstr("boardloop join"))));
  EXPECT_THAT(
      Call(channel, &v1::SecurityService::Stub::RenewCertificate, v1::RenewCertificateRequest()),
      StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(SecurityServiceTest, ACertificateOfAnotherAuthorityIsNotTaken) {
  const Authority other = *Authority::LoadOrCreate(folder_.Path("other"), clock_.Now());
  const std::string key = *NewKey();
  const std::string certificate = *other.SignIdentity(
      *MakeCertificateRequest(key), MakeIdentity(v1::Identity::OPERATOR, "eve"), clock_.Now());
  const Channel channel =
      *OpenChannelWith(address_, TextCredentials(TheAuthority().certificate(), key, certificate));
  EXPECT_THAT(List(channel), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SecurityServiceTest, AServersCertificateIsNobodysIdentity) {
  const IdentityFiles server = *ReadIdentity(folder_.Path("state/authority/server"));
  const Channel channel =
      *OpenChannelWith(address_, TextCredentials(server.authority, server.key, server.certificate));
  EXPECT_THAT(List(channel), Not(IsOk()));
}

TEST_F(SecurityServiceTest, EachRoleMayWhatTheTableSays) {
  const Channel user = Open(v1::Identity::USER, "anna");
  EXPECT_THAT(List(user), IsOk());
  EXPECT_THAT(Call(user, &v1::BoardService::Stub::ListBoards, v1::ListBoardsRequest()), IsOk());
  EXPECT_THAT(Call(user, &v1::BoardService::Stub::DrainBoard, v1::DrainBoardRequest()),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("user/anna has the role user, BoardService/DrainBoard needs the "
                                 "role operator")));
  EXPECT_THAT(Call(user, &v1::AdminService::Stub::BackUpDatabase, v1::BackUpDatabaseRequest()),
              StatusIs(absl::StatusCode::kPermissionDenied));
  const Channel olga = Open(v1::Identity::OPERATOR, "olga");
  EXPECT_THAT(List(olga), IsOk());
  EXPECT_THAT(Call(olga, &v1::BoardService::Stub::DrainBoard, v1::DrainBoardRequest()),
              StatusIs(absl::StatusCode::kNotFound));
  const Channel worker = Open(v1::Identity::WORKER, "w");
  EXPECT_THAT(List(worker), StatusIs(absl::StatusCode::kPermissionDenied,
                                     HasSubstr("needs the role user or operator")));
}

TEST_F(SecurityServiceTest, AMemberSpeaksForItselfOnly) {
  const Channel worker = Open(v1::Identity::WORKER, "w");
  EXPECT_THAT(Synchronize(worker, "w", v1::Member::WORKER), IsOk());
  EXPECT_THAT(Synchronize(worker, "other", v1::Member::WORKER),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("worker/w may call Synchronize as members/w only")));
  EXPECT_THAT(Synchronize(worker, "w", v1::Member::AGENT),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("as a WORKER only")));
  EXPECT_THAT(Synchronize(Open(v1::Identity::AGENT, "a"), "a", v1::Member::AGENT), IsOk());
  EXPECT_THAT(Synchronize(Open(v1::Identity::USER, "u"), "u", v1::Member::WORKER),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("worker or agent")));
}

TEST_F(SecurityServiceTest, AnExpiredCertificateIsRefusedAlsoOnAnOpenConnection) {
  const Channel user = Open(v1::Identity::USER, "anna");
  EXPECT_THAT(List(user), IsOk());
  clock_.Advance(kPersonLife + absl::Seconds(1));
  EXPECT_THAT(List(user), StatusIs(absl::StatusCode::kUnauthenticated,
                                   HasSubstr("the certificate of user/anna expired at")));
}

TEST_F(SecurityServiceTest, ARevokedIdentityIsRefusedFromTheNextCallOn) {
  const Channel worker = Open(v1::Identity::WORKER, "w");
  EXPECT_THAT(Synchronize(worker, "w", v1::Member::WORKER), IsOk());
  const auto revoked = Revoke(v1::Identity::WORKER, "w");
  ASSERT_THAT(revoked, IsOk());
  EXPECT_THAT(Synchronize(worker, "w", v1::Member::WORKER),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("worker/w was revoked")));
  EXPECT_THAT(RenewIdentity(worker, folder_.Path("worker-w")),
              StatusIs(absl::StatusCode::kPermissionDenied));
  clock_.Advance(absl::Minutes(1));
  const auto again = Revoke(v1::Identity::WORKER, "w");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->revoke_time().seconds(), revoked->revoke_time().seconds());
  EXPECT_THAT(Revoke(v1::Identity::OPERATOR, "olga"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another operator")));
  Start("127.0.0.1:0", true);
  EXPECT_THAT(Synchronize(Open(v1::Identity::WORKER, "w"), "w", v1::Member::WORKER),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(SecurityServiceTest, ANameThatNobodyHasIsRevokedOnlyOnRequest) {
  EXPECT_THAT(Revoke(v1::Identity::USER, "ana"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("user/ana has never joined")));
  EXPECT_THAT(List(Open(v1::Identity::USER, "ana")), IsOk());
  EXPECT_THAT(Revoke(v1::Identity::USER, "ana"), IsOk()) << "it has called since";
  v1::RevokeIdentityRequest request;
  *request.mutable_identity() = MakeIdentity(v1::Identity::USER, "eve");
  request.set_allow_missing(true);
  EXPECT_THAT(AsOlga(&v1::SecurityService::Stub::RevokeIdentity, request), IsOk());
  EXPECT_THAT(List(Open(v1::Identity::USER, "eve")), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(SecurityServiceTest, WhoHasOnlyJustCalledIsKnownToTheNextCoordinator) {
  EXPECT_THAT(List(Open(v1::Identity::USER, "anna")), IsOk());
  Start("127.0.0.1:0", true);
  EXPECT_THAT(Revoke(v1::Identity::USER, "anna"), IsOk());
}

TEST_F(SecurityServiceTest, WhoHasJoinedOrCalledIsListedInPages) {
  ASSERT_THAT(JoinCoordinator(address_, Token(v1::Identity::WORKER), "w7", folder_.Path("joined")),
              IsOk());
  ASSERT_THAT(List(Open(v1::Identity::USER, "anna")), IsOk());
  v1::ListIdentitiesRequest request;
  request.set_page_size(1);
  std::vector<v1::KnownIdentity> known;
  do {
    const auto page = AsOlga(&v1::SecurityService::Stub::ListIdentities, request);
    ASSERT_THAT(page, IsOk());
    known.insert(known.end(), page->identities().begin(), page->identities().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(known.size(), 3u);
  EXPECT_EQ(IdentityText(known[0].identity()), "operator/olga");
  EXPECT_EQ(IdentityText(known[1].identity()), "user/anna");
  EXPECT_TRUE(known[1].has_last_call_time());
  EXPECT_TRUE(known[1].has_expire_time());
  EXPECT_EQ(IdentityText(known[2].identity()), "worker/w7");
  EXPECT_TRUE(known[2].has_first_time());
}

TEST_F(SecurityServiceTest, ATokenThatIsListedCanBeDeleted) {
  const std::string text = Token(v1::Identity::USER, "anna");
  const auto tokens = AsOlga(&v1::SecurityService::Stub::ListTokens, v1::ListTokensRequest());
  ASSERT_THAT(tokens, IsOk());
  ASSERT_EQ(tokens->tokens_size(), 1);
  EXPECT_EQ(tokens->tokens(0).name(), "anna");
  v1::DeleteTokenRequest request;
  request.set_token_id(tokens->tokens(0).token_id());
  EXPECT_THAT(AsOlga(&v1::SecurityService::Stub::DeleteToken, request), IsOk());
  EXPECT_THAT(AsOlga(&v1::SecurityService::Stub::DeleteToken, request),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(JoinCoordinator(address_, text, "", folder_.Path("joined")),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("does not know")));
}

// ---- Joining.

TEST_F(SecurityServiceTest, WhoJoinsIsWhoTheTokenSays) {
  const std::string token = Token(v1::Identity::WORKER), folder = folder_.Path("joined");
  const absl::StatusOr<v1::Identity> joined = JoinCoordinator(address_, token, "w7", folder);
  ASSERT_THAT(joined, IsOk());
  EXPECT_EQ(IdentityText(*joined), "worker/w7");
  EXPECT_EQ(ReadIdentity(folder)->server, address_);
  EXPECT_THAT(Synchronize(*OpenChannel(address_, folder), "w7", v1::Member::WORKER), IsOk());
  EXPECT_THAT(JoinCoordinator(address_, token, "w8", folder_.Path("second")),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("used up")));
  EXPECT_THAT(ReadIdentity(folder_.Path("second")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SecurityServiceTest, WhoCannotWriteAnIdentityUsesNoToken) {
  const std::string token = Token(v1::Identity::USER, "anna");
  EXPECT_THAT(JoinCoordinator(address_, token, "", "/proc/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("the token was not used")));
  EXPECT_THAT(JoinCoordinator(address_, token, "", folder_.Path("joined")), IsOk());
}

TEST_F(SecurityServiceTest, AnExpiredTokenIsRefused) {
  const std::string token = Token(v1::Identity::USER, "anna");
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(JoinCoordinator(address_, token, "", folder_.Path("joined")),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("the join token expired")));
}

TEST_F(SecurityServiceTest, ATokenIsGivenToItsOwnCoordinatorOnly) {
  v1::JoinToken token = *ParseJoinToken(Token(v1::Identity::USER, "anna"));
  token.set_authority_sha256(std::string(32, 'x'));
  EXPECT_THAT(JoinCoordinator(address_, JoinTokenText(token), "", folder_.Path("joined")),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("the token was not sent")));
  Start("127.0.0.1:0", false);
  EXPECT_THAT(JoinCoordinator(address_, JoinTokenText(token), "", folder_.Path("joined")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("does not speak TLS")));
  coordinator_.reset();
  EXPECT_THAT(JoinCoordinator(address_, JoinTokenText(token), "", folder_.Path("joined")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no coordinator answers")));
}

TEST_F(SecurityServiceTest, ARequestThatIsNoneUsesNoToken) {
  const std::string text = Token(v1::Identity::USER, "anna");
  v1::JoinRequest request;
  request.set_secret(ParseJoinToken(text)->secret());
  request.set_certificate_request("none");
  const Channel channel = *OpenChannelWith(address_, TextCredentials(TheAuthority().certificate()));
  EXPECT_THAT(Call(channel, &v1::SecurityService::Stub::Join, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("PKCS #10")));
  EXPECT_THAT(JoinCoordinator(address_, text, "", folder_.Path("joined")), IsOk());
}

TEST_F(SecurityServiceTest, WithoutTlsThereAreNoIdentities) {
  Start("127.0.0.1:0", false);
  v1::CreateTokenRequest request;
  request.set_role(v1::Identity::USER);
  EXPECT_THAT(Call(*OpenChannel(address_), &v1::SecurityService::Stub::CreateToken, request),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("serves without TLS")));
}

// ---- Renewal.

TEST_F(SecurityServiceTest, ARenewedIdentityHasAnotherKeyAndTheSameName) {
  const std::string folder = Folder(v1::Identity::WORKER, "w");
  const IdentityFiles before = *ReadIdentity(folder);
  const Channel channel = *OpenChannel(address_, folder);
  ASSERT_THAT(RenewIfDue(channel, folder, clock_.Now()), IsOk());
  EXPECT_EQ(ReadIdentity(folder)->key, before.key) << "it was not due";
  clock_.Jump(absl::Hours(13));
  ASSERT_THAT(RenewIfDue(channel, folder, clock_.Now()), IsOk());
  const IdentityFiles after = *ReadIdentity(folder);
  EXPECT_NE(after.key, before.key);
  EXPECT_EQ(ParseCertificate(after.certificate)->identity->name(), "w");
  EXPECT_GT(*NotAfter(after.certificate), *NotAfter(before.certificate) + absl::Hours(12));
  EXPECT_THAT(Synchronize(*OpenChannel(address_, folder), "w", v1::Member::WORKER), IsOk());
}

TEST_F(SecurityServiceTest, TheServersCertificateIsRenewedWhileAStreamGoesOn) {
  const Channel user = Open(v1::Identity::USER, "anna");
  v1::CreateSearchRequest create;
  create.set_search_id("a");
  create.set_preset("quick");
  ASSERT_THAT(Call(user, &v1::SearchService::Stub::CreateSearch, create), IsOk());
  v1::SearchService::Stub stub(user);
  grpc::ClientContext context;
  SetDeadline(context, absl::Minutes(5));
  v1::WatchSearchRequest request;
  request.set_name("searches/a");
  const auto reader = stub.WatchSearch(&context, request);
  v1::WatchSearchResponse response;
  ASSERT_TRUE(reader->Read(&response));

  const auto shown = [&] {
    const absl::StatusOr<TlsProbe> probe = ProbeTls(address_, nullptr, absl::Seconds(10));
    return probe.ok() && !probe->chain.empty() ? probe->chain[0] : "";
  };
  const std::string before = shown();
  clock_.Jump(absl::Hours(13));
  const absl::Time end = absl::Now() + absl::Minutes(2);
  while (shown() == before && absl::Now() < end) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_NE(shown(), before);
  EXPECT_THAT(Explained(address_, Folder(v1::Identity::USER, "bert")), IsOk());

  v1::CancelSearchRequest cancel;
  cancel.set_name("searches/a");
  ASSERT_THAT(Call(user, &v1::SearchService::Stub::CancelSearch, cancel), IsOk());
  while (response.search().state() != v1::Search::CANCELLED && reader->Read(&response)) continue;
  EXPECT_EQ(response.search().state(), v1::Search::CANCELLED) << "the stream saw the end";
}

// ---- What users are told.

TEST_F(SecurityServiceTest, OneSideWithTlsIsSaidInOneSentence) {
  EXPECT_THAT(Explained(address_, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("serves TLS, and there is no identity for it: `boardloop join")));
  const std::string identity = Folder(v1::Identity::USER, "anna");
  Start("127.0.0.1:0", false);
  EXPECT_THAT(Explained(address_, identity),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("serves without TLS")));
  coordinator_.reset();
  EXPECT_THAT(Explained(address_, identity), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SecurityServiceTest, AnotherAuthorityIsSaidInOneSentence) {
  const Authority other = *Authority::LoadOrCreate(folder_.Path("other"), clock_.Now());
  EXPECT_THAT(Explained(address_, FolderOf(other, other, v1::Identity::USER, "anna")),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("has another authority")));
}

TEST_F(SecurityServiceTest, AnotherHostNameIsSaidInOneSentence) {
  Start("0.0.0.0:0", true);
  const std::string identity = Folder(v1::Identity::USER, "anna");
  EXPECT_THAT(Explained(address_, identity), IsOk());
  EXPECT_THAT(Explained(absl::StrCat("127.0.0.2:", port_), identity),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("is not for 127.0.0.2 (it is for localhost, 127.0.0.1"),
                             HasSubstr("--hostname 127.0.0.2"))));
}

TEST_F(SecurityServiceTest, AClockThatIsOffIsSaidInOneSentence) {
  const std::string later = *TheAuthority().SignServer(*MakeCertificateRequest(*NewKey()),
                                                       {"localhost"}, absl::Now() + absl::Hours(2));
  EXPECT_THAT(CheckServerCertificate(later, "localhost:1"),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("clocks is off")));
  clock_.Jump(absl::Hours(15));
  const std::string identity = Folder(v1::Identity::USER, "anna");
  EXPECT_THAT(OpenChannel(address_, identity),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("clocks is off")));
  clock_.Jump(-absl::Hours(40));
  EXPECT_THAT(OpenChannel(address_, Folder(v1::Identity::AGENT, "lab")),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("the identity agent/lab in "), HasSubstr("expired at"),
                             HasSubstr("TOKEN` makes a new one"))));
}

TEST_F(SecurityServiceTest, AnotherMachineIsNotReachedWithoutAnIdentity) {
  EXPECT_THAT(OpenChannel("192.0.2.1:7411"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("`boardloop join 192.0.2.1:7411 TOKEN`")));
}

}  // namespace
}  // namespace boardloop
