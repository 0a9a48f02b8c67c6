// boardloop completion: the scripts know every command; that of bash is run.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/remote/remote_run.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

// What bash offers for a line whose last word is being typed.
std::string Complete(const std::string& words, int current) {
  const ProgramRun run = RunBoardloopIn("bash -c 'source <(\"$0\" completion bash); COMP_WORDS=(" +
                                            words + "); COMP_CWORD=" + std::to_string(current) +
                                            "; _boardloop; echo \"${COMPREPLY[*]}\"' \"$0\"",
                                        {});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.out;
}

TEST(CompletionTest, BashCompletesCommandsFlagsAndValues) {
  EXPECT_EQ(Complete("boardloop sub", 1), "subnet submit\n");
  EXPECT_EQ(Complete("boardloop boards q", 2), "quarantine\n");
  EXPECT_EQ(Complete("boardloop boards drain --re", 3), "--reason\n");
  EXPECT_EQ(Complete("boardloop submit --preset s", 3), "standard\n");
  EXPECT_EQ(Complete("boardloop submit --watch --object", 3), "--objective\n");
  EXPECT_EQ(Complete("boardloop completion z", 2), "zsh\n");
}

TEST(CompletionTest, BashAsksTheCoordinatorForNames) {
  FakeCoordinator coordinator;
  coordinator.Edit([](FakeState& state) {
    state.searches = {MakeSearch("fox", v1::Search::RUNNING),
                      MakeSearch("wolf", v1::Search::RUNNING)};
  });
  const ProgramRun run = RunBoardloopIn(
      "bash -c 'source <(\"$0\" completion bash); export BOARDLOOP_SERVER=" +
          coordinator.address() +
          "; boardloop() { \"$program\" \"$@\"; }; program=$0; COMP_WORDS=(boardloop watch f); "
          "COMP_CWORD=2; _boardloop; echo \"${COMPREPLY[*]}\"' \"$0\"",
      {});
  EXPECT_EQ(run.out, "fox\n") << run.err;
}

TEST(CompletionTest, ZshAndFishKnowEveryCommand) {
  const std::string zsh = RunBoardloop({"completion", "zsh"}).out;
  const std::string fish = RunBoardloop({"completion", "fish"}).out;
  EXPECT_THAT(zsh, HasSubstr("#compdef boardloop\n"));
  EXPECT_THAT(zsh, HasSubstr("_boardloop_boards_drain() {"));
  EXPECT_THAT(zsh, HasSubstr("'--objective["));
  EXPECT_THAT(zsh, HasSubstr(":accuracy|pareto:(accuracy pareto)'"));
  EXPECT_THAT(fish,
              HasSubstr("complete -c boardloop -n '__boardloop_at \"boards drain\"' -l reason"));
  EXPECT_THAT(fish, HasSubstr("-l objective"));
  EXPECT_THAT(fish, HasSubstr("-x -a 'accuracy pareto'"));
}

TEST(CompletionTest, UnknownShellIsRefused) {
  EXPECT_TRUE(IsRefused(RunBoardloop({"completion", "tcsh"}), "INVALID_ARGUMENT", "tcsh"));
}

TEST(HelpTest, EveryCommandOfACoordinatorHasExamples) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"submit"},
                                             {"watch"},
                                             {"list"},
                                             {"show"},
                                             {"candidates"},
                                             {"front"},
                                             {"get"},
                                             {"cancel"},
                                             {"measure"},
                                             {"boards"},
                                             {"boards", "list"},
                                             {"boards", "types"},
                                             {"boards", "show"},
                                             {"boards", "drain"},
                                             {"boards", "quarantine"},
                                             {"boards", "return"},
                                             {"workers"},
                                             {"events"},
                                             {"completion"}}) {
    std::vector<std::string> args = command;
    args.emplace_back("--help");
    const ProgramRun run = RunBoardloop(args);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, HasSubstr("Examples:\n  ")) << command.back();
  }
}

}  // namespace
}  // namespace boardloop
