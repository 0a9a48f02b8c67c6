// Each check on a machine that has everything, that has nothing, and that has it wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/doctor/agent_check.h"
#include "cli/doctor/coordinator_check.h"
#include "cli/doctor/machine_checks.h"
#include "cli/doctor/program_checks.h"
#include "tests/support/fake_host.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = Finding::State;

constexpr int64_t kGiB = int64_t{1} << 30;

// One finding, its state, and parts of its text and of its fix; an empty fix is none.
auto Is(State state, const std::string& text, const std::string& fix = "") {
  return ElementsAre(
      AllOf(Field(&Finding::state, state), Field(&Finding::text, HasSubstr(text)),
            Field(&Finding::fix,
                  fix.empty() ? testing::Matcher<const std::string&>(IsEmpty()) : HasSubstr(fix))));
}

class ChecksTest : public testing::Test {
 protected:
  ChecksTest() { host_.files["/etc/os-release"] = "NAME=x\nID=debian\n"; }
  static ProcessOutput Says(const std::string& text) { return {0, text, ""}; }

  FakeHost host_;
};

// ---- Our programs.

TEST_F(ChecksTest, OwnProgram) {
  const OwnProgramCheck check("boardloop-server", "1.2");
  EXPECT_THAT(check.Look(host_), Is(State::kMissing, "neither beside boardloop nor in PATH",
                                    "deploy/build.sh --target boardloop-server"));
  host_.AddProgram("boardloop-server", "--version", Says("boardloop-server 1.2\nSQLite 3.40.1\n"));
  EXPECT_THAT(check.Look(host_),
              Is(State::kOk, "boardloop-server 1.2, SQLite 3.40.1 at /bin/boardloop-server"));
  host_.AddProgram("boardloop-server", "--version", Says("boardloop-server 1.1\n"));
  EXPECT_THAT(check.Look(host_), Is(State::kWarning, "this is boardloop 1.2", "boardloop-server"));
  host_.AddProgram("boardloop-server", "--version", {127, "", "libtorch.so: not found\n"});
  EXPECT_THAT(check.Look(host_),
              Is(State::kMissing, "does not start: libtorch.so: not found", "build.sh"));
}

// ---- Tools.

ToolCheck::Options Tool() {
  ToolCheck::Options tool;
  tool.name = "tool";
  tool.commands = {{"first", "--version"}, {"second", "-v"}};
  tool.why = "it makes pictures";
  tool.packages = "tool-package";
  return tool;
}

TEST_F(ChecksTest, ATool) {
  const ToolCheck check(Tool());
  EXPECT_THAT(check.Look(host_), Is(State::kOptional, "not found; it makes pictures",
                                    "sudo apt-get install tool-package"));
  host_.AddProgram("second", "-v", Says("second 2.0\nmore\n"));
  EXPECT_THAT(check.Look(host_), Is(State::kOk, "second 2.0"));
  host_.AddProgram("first", "--version", {1, "", "permission denied\n"});
  EXPECT_THAT(check.Look(host_), Is(State::kOk, "second 2.0")) << "one that works is enough";
}

TEST_F(ChecksTest, AToolThatFailsIsNotToBeInstalledAgain) {
  ToolCheck::Options tool = Tool();
  tool.start_fix = "start it";
  host_.AddProgram("first", "--version", {1, "", "no daemon\nmore\n"});
  EXPECT_THAT(ToolCheck(tool).Look(host_),
              Is(State::kOptional, "`/bin/first --version` fails: no daemon; it makes pictures",
                 "start it"));
}

TEST_F(ChecksTest, AToolThatMayBeBuiltWithoutAPart) {
  ToolCheck::Options tool = Tool();
  tool.absent = State::kMissing;
  tool.needs = "-plugin ";
  tool.needs_name = "support for plugins";
  host_.AddProgram("first", "--version", Says("usage:\n-plugin FILE\n"));
  EXPECT_THAT(ToolCheck(tool).Look(host_), Is(State::kOk, "support for plugins in /bin/first"));
  host_.AddProgram("first", "--version", Says("usage:\n"));
  EXPECT_THAT(ToolCheck(tool).Look(host_),
              Is(State::kMissing, "/bin/first has no support for plugins", "apt-get"));
}

TEST_F(ChecksTest, WhereThereIsNoAptThePackagesAreNamedOnly) {
  host_.files["/etc/os-release"] = "ID=fedora\n";
  EXPECT_THAT(ToolCheck(Tool()).Look(host_),
              Is(State::kOptional, "not found", "install what Debian has in tool-package"));
}

// ---- What the agent says.

TEST_F(ChecksTest, TheAgentsOwnCheckIsAsked) {
  EXPECT_THAT(AgentCheck().Look(host_), IsEmpty()) << "that it is missing is said elsewhere";
  host_.AddProgram("boardloop-agent", "check --json",
                   {1, R"([
    {"check": "compiler", "verdict": "BAD", "text": "no compiler"},
    {"check": "OpenOCD", "verdict": "good", "text": "Open On-Chip Debugger 0.12.0"},
    {"check": "pyOCD", "verdict": "absent", "text": "not installed"},
    {"check": "USB permission", "verdict": "BAD", "text": "/dev/bus/usb/001/004 may not be opened"}
  ])",
                    ""});
  const std::vector<Finding> findings = AgentCheck().Look(host_);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].state, State::kMissing);
  EXPECT_THAT(findings[0].fix, HasSubstr("apt-get install gcc-arm-none-eabi"));
  EXPECT_EQ(findings[1].state, State::kOk);
  EXPECT_EQ(findings[1].fix, "");
  EXPECT_EQ(findings[2].state, State::kOptional);
  EXPECT_THAT(findings[2].fix, HasSubstr("deploy/install-pyocd.sh"));
  EXPECT_THAT(findings[3].fix, HasSubstr("deploy/systemd/60-boardloop-probes.rules"));
  EXPECT_THAT(findings[3].text, HasSubstr("/dev/bus/usb/001/004"));
}

TEST_F(ChecksTest, AnAgentThatSaysNothingIsMissing) {
  for (const char* text : {"", "{}", "boardloop-agent: no such command"}) {
    host_.AddProgram("boardloop-agent", "check --json", {2, text, "no such command"});
    EXPECT_THAT(AgentCheck().Look(host_), Is(State::kMissing, "no such command")) << text;
  }
}

// ---- The machine.

TEST_F(ChecksTest, Size) {
  host_.memory_bytes = 2 * kGiB;
  EXPECT_THAT(SizeCheck(kGiB).Look(host_), Is(State::kOk, "2 processors, 2.0 GiB"));
  EXPECT_THAT(SizeCheck(4 * kGiB).Look(host_), Is(State::kWarning, "below 4 GiB", "--threads"));
}

TEST_F(ChecksTest, Clock) {
  EXPECT_THAT(ClockCheck().Look(host_), Is(State::kMissing, "1970-01-01", "set-ntp"));
  host_.now = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_THAT(ClockCheck().Look(host_), Is(State::kOk, "2027-01-15"));
}

TEST_F(ChecksTest, StateFolder) {
  const StateFolderCheck check("server", /*has_database=*/true);
  host_.variables["HOME"] = "/home/me";
  EXPECT_THAT(check.Look(host_), Is(State::kMissing, "/: no such disk", "--state"));
  host_.folders.insert("/home/me");
  EXPECT_THAT(check.Look(host_), Is(State::kMissing, "/home/me may not be written", "chown"));
  host_.writable.insert("/home/me");
  host_.disks["/home/me"] = {100 * kGiB, "ext4", false};
  EXPECT_THAT(check.Look(host_),
              Is(State::kOk, "100.0 GiB free for /home/me/.local/state/boardloop/server (ext4)"));
  host_.disks["/home/me"] = {2 * kGiB, "ext4", false};
  EXPECT_THAT(check.Look(host_), Is(State::kWarning, "2.0 GiB free", "make room"));
  host_.disks["/home/me"] = {1 << 20, "ext4", false};
  EXPECT_THAT(check.Look(host_), Is(State::kMissing, "0.0 GiB free", "make room"));
  host_.variables["XDG_STATE_HOME"] = "/state";
  host_.disks["/"] = {100 * kGiB, "xfs", false};
  EXPECT_THAT(check.Look(host_), Is(State::kOk, "/state/boardloop/server (xfs)"));
}

TEST_F(ChecksTest, ADatabaseOnANetworkFileSystemIsAWarningAndAWorkersFilesAreNot) {
  host_.disks["/"] = {100 * kGiB, "nfs", true};
  const std::vector<Finding> findings = StateFolderCheck("server", true).Look(host_);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[1].state, State::kWarning);
  EXPECT_THAT(findings[1].text, HasSubstr("nfs is a network file system"));
  EXPECT_THAT(StateFolderCheck("worker", false).Look(host_), Is(State::kOk, "nfs"));
}

TEST_F(ChecksTest, Ports) {
  const PortCheck server(7411, "the coordinator", "--listen", true);
  const PortCheck metrics(7413, "a worker's metrics", "--metrics-listen", false);
  EXPECT_THAT(server.Look(host_), Is(State::kOk, "free, for the coordinator"));
  host_.taken_ports = {7411, 7413};
  EXPECT_THAT(server.Look(host_), Is(State::kWarning, "in use", "--listen 127.0.0.1:0"));
  EXPECT_THAT(metrics.Look(host_), Is(State::kWarning, "in use", "--metrics-listen 127.0.0.1:0"));
  host_.coordinators["127.0.0.1:7411"] = "1 worker";
  host_.pages["127.0.0.1:7413/healthz"] = "ok\n";
  EXPECT_THAT(server.Look(host_), Is(State::kOk, "taken, by the coordinator"));
  EXPECT_THAT(metrics.Look(host_), Is(State::kOk, "taken, by a worker's metrics"));
  host_.coordinators["127.0.0.1:7411"] = absl::FailedPreconditionError("serves TLS");
  EXPECT_THAT(server.Look(host_), Is(State::kOk, "taken, by the coordinator"));
}

TEST_F(ChecksTest, Datasets) {
  EXPECT_THAT(DatasetCheck().Look(host_),
              Is(State::kOptional, "Fashion-MNIST", "apt-get install dataset-fashion-mnist"));
  host_.folders.insert("/usr/share/datasets/fashion-mnist");
  EXPECT_THAT(DatasetCheck().Look(host_), Is(State::kOk, "fashion-mnist"));
}

// ---- The coordinator.

TEST_F(ChecksTest, Coordinator) {
  const CoordinatorCheck check({"127.0.0.1:5000", ""}, "1.2");
  EXPECT_THAT(check.Look(host_),
              Is(State::kOptional, "none answers at 127.0.0.1:5000", "boardloop up"));
  host_.coordinators["127.0.0.1:5000"] = absl::FailedPreconditionError("it serves TLS");
  EXPECT_THAT(check.Look(host_),
              Is(State::kWarning, "one is at 127.0.0.1:5000: it serves TLS", "security.md"));
  host_.coordinators["127.0.0.1:5000"] = "workers connected: 1, agents: 1";
  EXPECT_THAT(check.Look(host_), Is(State::kOk, "answers at 127.0.0.1:5000, workers connected: 1"));
  const auto build_info = [](const std::string& version) {
    return "# HELP x\nboardloop_build_info{program=\"boardloop-server\",version=\"" + version +
           "\"} 1\n";
  };
  host_.pages["127.0.0.1:7412/metrics"] = build_info("1.2");
  EXPECT_THAT(check.Look(host_), Is(State::kOk, "version 1.2"));
  host_.pages["127.0.0.1:7412/metrics"] = build_info("1.1");
  EXPECT_THAT(check.Look(host_), Is(State::kWarning, "version 1.1", "the same release"));
}

TEST_F(ChecksTest, AKeyIsItsOwnersAlone) {
  host_.coordinators["lab:7411"] = "workers connected: 1";
  const CoordinatorCheck check({"lab:7411", "/id"}, "1.2");
  EXPECT_EQ(check.Look(host_).size(), 1u);
  host_.readable_by_all = {"/id/key.pem"};
  const std::vector<Finding> findings = check.Look(host_);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].state, State::kWarning);
  EXPECT_THAT(findings[0].text, HasSubstr("may read the private key /id/key.pem"));
}

}  // namespace
}  // namespace boardloop
