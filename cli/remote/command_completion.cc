// boardloop completion: scripts that complete our command line.

#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/completion.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Prints a script that completes commands, flags and names in a shell";

constexpr char kNotes[] =
    R"(Names of searches, boards and board types are asked of the coordinator.

Examples:
  source <(boardloop completion bash)
  boardloop completion zsh > "${fpath[1]}/_boardloop"
  boardloop completion fish > ~/.config/fish/completions/boardloop.fish
)";

absl::StatusOr<ExitCode> RunCompletion(const CLI::App& program, const std::string& shell) {
  const CompletionCommand tree = CompletionTree(program);
  const std::string script = shell == "bash"  ? BashCompletion(tree)
                             : shell == "zsh" ? ZshCompletion(tree)
                                              : FishCompletion(tree);
  BL_RETURN_IF_ERROR(WriteResults(script));
  return ExitCode::kOk;
}

}  // namespace

void AddCompletionCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("completion", kHelp);
  command.footer(kNotes);
  auto shell = std::make_shared<std::string>();
  AddChoice<std::string>(command, "shell", *shell,
                         {{"bash", "bash"}, {"zsh", "zsh"}, {"fish", "fish"}}, "Which shell")
      ->required();
  command.callback([shell, &program, &action] {
    action = [shell, &program] { return RunCompletion(program, *shell); };
  });
}

}  // namespace boardloop
