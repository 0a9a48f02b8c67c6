// TLS with the real programs: a coordinator, people who join, a worker that joins by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/identity/identity_folder.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SecurityTest : public ::testing::Test {
 protected:
  SecurityTest() {
    std::signal(SIGPIPE, SIG_IGN);
    unsetenv("BOARDLOOP_SERVER");
    unsetenv("BOARDLOOP_IDENTITY");
    setenv("XDG_CONFIG_HOME", folder_.Path("config").c_str(), 1);
    StartServer();
  }

  void StartServer() {
    absl::StatusOr<ChildProcess> started =
        ChildProcess::Start({BOARDLOOP_SERVER, "serve", "--listen", "127.0.0.1:0", "--tls",
                             "--state", state_, "--address-file", folder_.Path("address")},
                            {"", folder_.Path("server.log"), false});
    ASSERT_THAT(started, IsOk());
    server_ = *std::move(started);
    const absl::Time end = absl::Now() + absl::Minutes(2);
    absl::StatusOr<std::string> address = absl::NotFoundError("not yet");
    while (!address.ok() && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(50));
      address = ReadFile(folder_.Path("address"), 100);
    }
    ASSERT_THAT(address, IsOk());
    address_ = std::string(absl::StripAsciiWhitespace(*address));
  }

  static ProcessOutput Run(const std::vector<std::string>& argv, const std::string& input = "") {
    ProcessLimits limits;
    limits.deadline = absl::Minutes(2);
    const absl::StatusOr<ProcessOutput> output = RunProcess(argv, input, limits);
    EXPECT_THAT(output, IsOk());
    return output.ok() ? *output : ProcessOutput{-1, "", ""};
  }
  ProcessOutput Server(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), BOARDLOOP_SERVER);
    arguments.insert(arguments.end(), {"--state", state_});
    return Run(arguments);
  }
  static ProcessOutput Boardloop(std::vector<std::string> arguments,
                                 const std::string& input = "") {
    arguments.insert(arguments.begin(), BOARDLOOP_PROGRAM);
    return Run(arguments, input);
  }
  // Makes a token on the coordinator's machine, and joins with it.
  void Join(const std::string& role, const std::string& name, const std::string& folder) {
    const ProcessOutput token = Server({"token", "--role", role, "--name", name});
    ASSERT_EQ(token.exit_code, 0) << token.err;
    const ProcessOutput joined =
        Boardloop({"join", address_, "-", "--identity", folder}, token.out);
    ASSERT_EQ(joined.exit_code, 0) << joined.err;
    EXPECT_THAT(joined.out, StartsWith(role + "/" + name + " at " + address_));
  }

  const TestFolder folder_;
  const std::string state_ = folder_.Path("state");
  ChildProcess server_;
  std::string address_;
};

TEST_F(SecurityTest, WhoHasJoinedIsServedAndOthersAreNot) {
  EXPECT_EQ(Server({"health"}).exit_code, 0);
  const ProcessOutput stranger = Boardloop({"list", "--server", address_});
  EXPECT_NE(stranger.exit_code, 0);
  EXPECT_THAT(stranger.err, HasSubstr("serves TLS, and there is no identity for it"));

  // Where no folder is named, the default one is written, and found by every command.
  const ProcessOutput token = Server({"token", "--role", "user"});
  const ProcessOutput joined = Boardloop({"join", address_, token.out, "--name", "anna"});
  ASSERT_EQ(joined.exit_code, 0) << joined.err;
  const ProcessOutput submitted = Boardloop({"submit", "--name", "first"});
  EXPECT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_THAT(Boardloop({"list"}).out, HasSubstr("first"));
  const ProcessOutput refused = Boardloop({"token", "--role", "user"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("needs the role operator"));
  const ProcessOutput over = Boardloop({"join", address_, token.out, "--name", "bert"});
  EXPECT_EQ(over.exit_code, 1);
  EXPECT_THAT(over.err, HasSubstr("has the identity user/anna at " + address_));
  const ProcessOutput again =
      Boardloop({"join", address_, token.out, "--name", "bert", "--replace"});
  EXPECT_NE(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("used up"));
  EXPECT_EQ(Boardloop({"join", "127.0.0.1:1", token.out, "--replace"}).exit_code, 6);

  const std::string olga = folder_.Path("olga");
  Join("operator", "olga", olga);
  const ProcessOutput made = Boardloop({"token", "--role", "user", "--identity", olga, "--json"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("\"token\":\"bl1-"));
  const ProcessOutput tokens = Boardloop({"tokens", "--identity", olga});
  EXPECT_THAT(tokens.out, ContainsRegex("user/[*] +0 of 1"));
  const ProcessOutput mistyped = Boardloop({"revoke", "user/ana", "--identity", olga});
  EXPECT_NE(mistyped.exit_code, 0);
  EXPECT_THAT(mistyped.err, HasSubstr("user/ana has never joined or called here: `boardloop "
                                      "identities` lists who has"));
  EXPECT_THAT(Boardloop({"identities", "--identity", olga}).out, ContainsRegex("user/anna +valid"));
  EXPECT_EQ(Boardloop({"revoke", "user/anna", "--identity", olga}).exit_code, 0);
  EXPECT_THAT(Boardloop({"identities", "--identity", olga}).out,
              ContainsRegex("user/anna +revoked"));
  const ProcessOutput revoked = Boardloop({"list"});
  EXPECT_NE(revoked.exit_code, 0);
  EXPECT_THAT(revoked.err, HasSubstr("user/anna was revoked"));

  EXPECT_EQ(Server({"backup", folder_.Path("copy.db")}).exit_code, 0);
  EXPECT_THAT(Boardloop({"identities", "--identity", olga}).out, Not(HasSubstr("local-")));
  server_.Stop(absl::Seconds(30));
  const ProcessOutput stopped = Server({"health"});
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("boardloop-server: "));
  // And without a coordinator, on the database.
  const ProcessOutput offline = Server({"token", "--role", "worker"});
  EXPECT_THAT(offline.out, StartsWith("bl1-"));
  EXPECT_THAT(offline.err, Not(HasSubstr("no coordinator has served")));
}

TEST_F(SecurityTest, WhereNobodyGivesANameItIsThatOfTheLogin) {
  const ProcessOutput token = Server({"token", "--role", "user"});
  const ProcessOutput joined = Boardloop({"join", address_, "-"}, token.out);
  ASSERT_EQ(joined.exit_code, 0) << joined.err;
  const passwd* user = getpwuid(geteuid());
  ASSERT_NE(user, nullptr);
  EXPECT_THAT(joined.out, HasSubstr(absl::StrCat("user/", user->pw_name, " at ", address_)));
}

TEST_F(SecurityTest, ATokenForAFolderInWhichNobodyServedIsMadeAndSaysSo) {
  const std::string slip = folder_.Path("slip");
  const ProcessOutput token = Run({BOARDLOOP_SERVER, "token", "--role", "user", "--state", slip});
  EXPECT_THAT(token.out, StartsWith("bl1-"));
  EXPECT_THAT(token.err, HasSubstr("no coordinator has served in " + slip));
}

TEST_F(SecurityTest, AWorkerJoinsByItselfAndServes) {
  const ProcessOutput token = Server({"token", "--role", "worker", "--name", "w1"});
  ASSERT_THAT(WriteFileAtomically(folder_.Path("token"), token.out), IsOk());
  absl::StatusOr<ChildProcess> worker =
      ChildProcess::Start({BOARDLOOP_WORKER, "serve", "--server", address_, "--state",
                           folder_.Path("worker"), "--join-token-file", folder_.Path("token")},
                          {"", folder_.Path("worker.log"), false});
  ASSERT_THAT(worker, IsOk());
  const std::string olga = folder_.Path("olga");
  const ProcessOutput made =
      Server({"identity", "--role", "operator", "--name", "olga", "--out", olga});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(ReadIdentity(olga)->server, address_);
  const absl::Time end = absl::Now() + absl::Minutes(2);
  std::string members;
  while (members.find("w1") == std::string::npos && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(100));
    members = Boardloop({"workers", "--identity", olga}).out;
  }
  EXPECT_THAT(members, HasSubstr("w1"))
      << ReadFile(folder_.Path("worker.log"), 1 << 20).value_or("");
  EXPECT_THAT(ReadFile(folder_.Path("worker.log"), 1 << 20),
              IsOkAndHolds(HasSubstr("as worker/w1")));
  EXPECT_TRUE(worker->Running());

  // It finds its identity again, without the token.
  worker->Stop(absl::Seconds(30));
  worker = ChildProcess::Start(
      {BOARDLOOP_WORKER, "serve", "--server", address_, "--state", folder_.Path("worker")},
      {"", folder_.Path("again.log"), false});
  ASSERT_THAT(worker, IsOk());
  const auto log = [&] { return ReadFile(folder_.Path("again.log"), 1 << 20).value_or(""); };
  while (log().find("as members/w1") == std::string::npos && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_THAT(log(), HasSubstr("as members/w1"));
  EXPECT_TRUE(worker->Running());

  // A revoked worker ends, and says why.
  EXPECT_EQ(Boardloop({"revoke", "worker/w1", "--identity", olga}).exit_code, 0);
  while (worker->Running() && absl::Now() < end) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_FALSE(worker->Running());
  EXPECT_THAT(log(), HasSubstr("worker/w1 was revoked"));
}

}  // namespace
}  // namespace boardloop
