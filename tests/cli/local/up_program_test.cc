// `boardloop up` and `down` with all programs but the worker, on a virtual board.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "cli/local/local_stack.h"
#include "core/base/files.h"
#include "httplib.h"
#include "tests/cli/run_program.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class UpProgramTest : public ::testing::Test {
 protected:
  ~UpProgramTest() override { StopStack(folder_.path(), nullptr).IgnoreError(); }

  ProgramRun Up(const std::string& boards = "virtual-stm32f405:1") {
    return RunBoardloop({"up", "--dir", folder_.path(), "--listen", "127.0.0.1:0", "--no-worker",
                         "--virtual", boards, "--json"});
  }
  ProgramRun Down() { return RunBoardloop({"down", "--dir", folder_.path()}); }
  std::optional<Stack> Find() {
    const absl::StatusOr<std::optional<Stack>> found = FindStack(folder_.path());
    EXPECT_THAT(found, IsOk());
    return found.ok() ? *found : std::nullopt;
  }
  // Those of this folder, whoever recorded them: their command lines name it.
  int Processes(const std::string& program) {
    int processes = 0;
    for (const auto& process : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(process.path() / "cmdline");
      std::ostringstream words;
      words << file.rdbuf();
      if (words.str().find(folder_.path() + "/") == std::string::npos) continue;
      processes += words.str().find(program) != std::string::npos ? 1 : 0;
    }
    return processes;
  }
  static std::string Get(const std::string& address, const std::string& path) {
    const auto answer = httplib::Client("http://" + address).Get(path);
    return answer ? answer->body : "";
  }
  std::string Boards(const std::string& address) {
    return RunBoardloop({"boards", "list", "--server", address}).out;
  }

  TestFolder folder_;
};

TEST_F(UpProgramTest, UpTwiceIsOneStackAndDownEndsItAndKeepsItsState) {
  const ProgramRun first = Up();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string address = first.Json()["address"];
  EXPECT_THAT(Boards(address), HasSubstr("IDLE"));
  const std::optional<Stack> stack = Find();
  ASSERT_TRUE(stack.has_value());

  EXPECT_EQ(first.Json()["boards_in_service"], 1);
  EXPECT_EQ(first.Json()["boards_out_of_service"].size(), 0u);
  const nlohmann::json metrics = first.Json()["metrics"];
  ASSERT_EQ(metrics.size(), 2u) << first.out;
  for (const auto& [program, where] : metrics.items()) {
    EXPECT_THAT(Get(where, "/metrics"), HasSubstr("program=\"boardloop-" + program + "\""));
  }
  EXPECT_EQ(first.Json()["pages"], "http://" + std::string(metrics["server"]) + "/");

  const ProgramRun second = Up();
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.Json(), first.Json());
  const std::optional<Stack> same = Find();
  ASSERT_TRUE(same.has_value());
  for (const auto& [name, daemon] : stack->programs) {
    EXPECT_EQ(same->programs.at(name).pid, daemon.pid) << name;
  }

  // The agent is killed: the next `up` starts it again, and nothing else.
  kill(stack->programs.at("agent").pid, SIGKILL);
  const ProgramRun third = Up();
  ASSERT_EQ(third.exit_code, 0) << third.err;
  const std::optional<Stack> mended = Find();
  ASSERT_TRUE(mended.has_value());
  EXPECT_EQ(mended->programs.at("server").pid, stack->programs.at("server").pid);
  EXPECT_NE(mended->programs.at("agent").pid, stack->programs.at("agent").pid);
  EXPECT_THAT(Boards(address), HasSubstr("IDLE"));

  EXPECT_EQ(Down().exit_code, 0);
  EXPECT_FALSE(Find().has_value());
  for (const auto& [name, daemon] : mended->programs) EXPECT_FALSE(IsRunning(daemon)) << name;
  EXPECT_EQ(Down().exit_code, 0) << "again";
  EXPECT_TRUE(std::filesystem::exists(folder_.Path("server/boardloop.db")));

  // With another board: that of before is known, and not waited for.
  const ProgramRun other = Up("virtual-stm32f746:1");
  ASSERT_EQ(other.exit_code, 0) << other.err;
  const std::string boards = Boards(other.Json()["address"]);
  EXPECT_THAT(boards, HasSubstr("IDLE"));
  EXPECT_THAT(boards, HasSubstr("OFFLINE"));
  EXPECT_EQ(Down().exit_code, 0);
}

TEST_F(UpProgramTest, SeveralUpsAtOnceAreOneStackThatDownEnds) {
  const ProgramRun ups = RunBoardloopIn(
      "for i in 1 2 3; do \"$0\" \"$@\" & jobs=\"$jobs $!\"; done; for job in $jobs; do wait $job "
      "|| exit; done",
      {"up", "--dir", folder_.path(), "--listen", "127.0.0.1:0", "--no-worker", "--virtual",
       "virtual-stm32f405"});
  ASSERT_EQ(ups.exit_code, 0) << ups.err;
  EXPECT_THAT(ups.err, HasSubstr("waiting for `boardloop up` (process "));
  const std::optional<Stack> stack = Find();
  ASSERT_TRUE(stack.has_value());
  EXPECT_THAT(stack->programs, SizeIs(2));
  EXPECT_EQ(Processes("boardloop-agent"), 1);
  const ProgramRun down = RunBoardloop({"down", "--dir", folder_.path()});
  EXPECT_EQ(down.exit_code, 0) << down.err;
  EXPECT_EQ(Processes("boardloop-agent"), 0);
}

TEST_F(UpProgramTest, FlagsThatDifferFromWhatRunsAreRefused) {
  const ProgramRun first = Up();
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const ProgramRun other = Up("virtual-stm32f746:3");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_EQ(other.out, "");
  EXPECT_THAT(other.err, HasSubstr("FAILED_PRECONDITION: what runs has --virtual "
                                   "virtual-stm32f405:1, asked for is --virtual "
                                   "virtual-stm32f746:3"));
  EXPECT_THAT(other.err, HasSubstr("`boardloop down --dir " + folder_.path() + "` first"));
  // Without flags it is what runs.
  const ProgramRun plain = RunBoardloop({"up", "--dir", folder_.path()});
  EXPECT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_THAT(plain.err, HasSubstr("it runs already: --listen 127.0.0.1:0"));
  EXPECT_THAT(plain.out, HasSubstr(std::string(first.Json()["address"])));
  EXPECT_THAT(plain.out,
              HasSubstr("metrics: agent " + std::string(first.Json()["metrics"]["agent"])));
  EXPECT_THAT(plain.out, HasSubstr("; pages: " + std::string(first.Json()["pages"])));
}

TEST_F(UpProgramTest, BoardsThatAreUnfitAreNamedWithTheReasonAndWhatToDo) {
  // A folder that is a file: the first board cannot be opened.
  std::filesystem::create_directories(folder_.Path("agent"));
  ASSERT_THAT(WriteFileAtomically(folder_.Path("agent/virtual-stm32f405-1"), ""), IsOk());
  const ProgramRun none = Up();
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err,
              HasSubstr("local-agent-virtual-stm32f405-1 is QUARANTINED: create the state"));
  EXPECT_THAT(none.err, HasSubstr("`boardloop boards return local-agent-virtual-stm32f405-1`"));
  EXPECT_THAT(none.err, HasSubstr("no board is in service"));
  EXPECT_EQ(none.Json()["boards_in_service"], 0);
  EXPECT_EQ(none.Json()["boards_out_of_service"][0]["state"], "QUARANTINED");
  ASSERT_TRUE(Find().has_value()) << "it runs on, to be looked after";

  std::filesystem::remove(folder_.Path("agent/virtual-stm32f405-1"));
  const ProgramRun back = RunBoardloop(
      {"boards", "return", "local-agent-virtual-stm32f405-1", "--server", none.Json()["address"]});
  EXPECT_EQ(back.exit_code, 0) << back.err;
  const ProgramRun mended = Up();
  EXPECT_EQ(mended.exit_code, 0) << mended.err;
  EXPECT_EQ(mended.Json()["boards_in_service"], 1);
  EXPECT_EQ(Down().exit_code, 0);

  // One of two is enough.
  std::filesystem::remove_all(folder_.Path("agent/virtual-stm32f405-2"));
  ASSERT_THAT(WriteFileAtomically(folder_.Path("agent/virtual-stm32f405-2"), ""), IsOk());
  const ProgramRun one = Up("virtual-stm32f405:2");
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(one.err, HasSubstr("local-agent-virtual-stm32f405-2 is QUARANTINED"));
}

TEST_F(UpProgramTest, DownSaysWhereNothingRuns) {
  const ProgramRun empty = Down();
  EXPECT_EQ(empty.exit_code, 0);
  EXPECT_THAT(empty.err, HasSubstr("nothing runs in " + folder_.path()));
  const ProgramRun none = RunBoardloop({"down", "--dir", folder_.Path("typo")});
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_THAT(none.err, HasSubstr("/typo: there is no such folder"));
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("typo")));
}

TEST_F(UpProgramTest, AMissingProgramIsNamedWithWhatToDo) {
  const std::string alone = folder_.Path("boardloop");
  std::filesystem::copy_file(BOARDLOOP_PROGRAM, alone);
  const ProgramRun run =
      RunBoardloopIn(alone + " up --json --listen 127.0.0.1:0 --no-worker --dir " +
                         folder_.Path("state") + " # $0",
                     {});
  EXPECT_TRUE(IsRefused(run, "NOT_FOUND", folder_.Path("boardloop-server")));
  EXPECT_THAT(run.err, HasSubstr("build it"));
}

TEST_F(UpProgramTest, AProgramThatEndsAtOnceIsReportedWithItsLastLines) {
  const ProgramRun run =
      RunBoardloop({"up", "--dir", folder_.path(), "--listen", "0.0.0.0:0", "--no-worker"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the server has ended"));
  EXPECT_THAT(run.err, HasSubstr("neither encrypted nor authenticated"));
  EXPECT_FALSE(Find().has_value());
}

TEST_F(UpProgramTest, AFailedUpEndsWhatItStartedAndQuotesThisStartAlone) {
  const std::string bench = folder_.Path("bench.yaml");
  ASSERT_THAT(WriteFileAtomically(bench, "boards: 17\n"), IsOk());
  std::filesystem::create_directories(folder_.Path("logs"));
  ASSERT_THAT(WriteFileAtomically(folder_.Path("logs/agent.log"), "of an earlier run\n"), IsOk());
  const ProgramRun run = RunBoardloop({"up", "--dir", folder_.path(), "--listen", "127.0.0.1:0",
                                       "--no-worker", "--bench", bench, "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("the agent has ended; boardloop-agent: "));
  EXPECT_THAT(run.err, HasSubstr("bench.yaml:1: "));
  EXPECT_THAT(run.err, Not(HasSubstr("earlier run")));
  EXPECT_THAT(run.err, Not(HasSubstr("?")));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_FALSE(Find().has_value());
  EXPECT_EQ(Processes("boardloop-server"), 0);
}

TEST_F(UpProgramTest, WrongUsageIsRefusedBeforeAnythingIsBegun) {
  const std::string state = folder_.Path("state");
  const auto refuses = [&](const std::string& flag, const std::string& value,
                           const std::string& code) {
    return IsRefused(RunBoardloop({"up", "--dir", state, "--no-worker", flag, value}), code, value);
  };
  EXPECT_TRUE(refuses("--virtual", "nosuch", "NOT_FOUND"));
  EXPECT_TRUE(refuses("--virtual", "virtual-stm32f405:0", "INVALID_ARGUMENT"));
  EXPECT_TRUE(refuses("--virtual", "stm32f405", "INVALID_ARGUMENT"));
  EXPECT_TRUE(refuses("--listen", "127.0.0.1:99999", "INVALID_ARGUMENT"));
  EXPECT_TRUE(refuses("--bench", "none.yaml", "NOT_FOUND"));
  EXPECT_FALSE(std::filesystem::exists(state));
}

}  // namespace
}  // namespace boardloop
