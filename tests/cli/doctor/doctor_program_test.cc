// `boardloop doctor` on this machine, whatever that has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/cli/run_program.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Nobody listens there.
constexpr char kNobody[] = "127.0.0.1:1";

TEST(DoctorProgramTest, AUserOfThisMachineCanWorkAndIsToldThatNoCoordinatorAnswers) {
  const ProgramRun run = RunBoardloop({"doctor", "--role", "user", "--server", kNobody});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("can work as user"));
  EXPECT_THAT(run.out, HasSubstr("none answers at 127.0.0.1:1"));
  EXPECT_THAT(run.out, HasSubstr("coordinator: boardloop up"));
  EXPECT_THAT(run.out, Not(HasSubstr("as agent")));
}

TEST(DoctorProgramTest, JsonHasEveryRoleAndTheExitCodeIsThatOfAll) {
  const ProgramRun run = RunBoardloop({"doctor", "--json", "--server", kNobody});
  const nlohmann::json json = run.Json();
  ASSERT_EQ(json["roles"].size(), 5u);
  EXPECT_EQ(run.exit_code, json["can_work"].get<bool>() ? 0 : 1);
  for (const nlohmann::json& role : json["roles"]) {
    EXPECT_GT(role["findings"].size(), 1u) << role["role"];
  }
}

TEST(DoctorProgramTest, TheAgentsToolsAreThoseThatItFinds) {
  const ProgramRun run = RunBoardloop({"doctor", "--role", "agent", "--json"});
  const nlohmann::json findings = run.Json()["roles"][0]["findings"];
  int tools = 0;
  for (const nlohmann::json& finding : findings) {
    tools += finding["check"] == "compiler" || finding["check"] == "OpenOCD" ? 1 : 0;
  }
  EXPECT_EQ(tools, 2) << run.out;
}

TEST(DoctorProgramTest, AnUnknownRoleIsRefused) {
  EXPECT_EQ(RunBoardloop({"doctor", "--role", "king"}).exit_code, 2);
}

}  // namespace
}  // namespace boardloop
