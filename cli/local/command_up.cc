// boardloop up and down: the whole system on this machine, for a first search and for development.

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/local/commands.h"
#include "cli/local/local_stack.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kUpHelp[] = "Starts coordinator, worker and virtual boards on this machine";
constexpr char kDownHelp[] = "Ends what `up` started";

constexpr char kUpNotes[] = R"(Examples:
  boardloop up
  boardloop up --virtual virtual-stm32f746 --virtual virtual-stm32f405:2
  boardloop up --dir /tmp/farm --listen 127.0.0.1:0

Everything lies in one folder: database, artifacts, states of boards, logs. `boardloop down` ends the programs and
keeps it; the next `up` goes on with it.
)";

struct UpFlags {
  StackOptions options;
  std::string folder;
  bool no_worker = false;
  bool json = false;
};

absl::StatusOr<std::string> FolderOf(const std::string& folder) {
  if (folder.empty()) return DefaultStackFolder();
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(folder, error);
  if (!error) return path.string();
  return absl::InvalidArgumentError(absl::StrCat("--dir ", folder, ": ", error.message()));
}

absl::StatusOr<ExitCode> RunUp(const UpFlags& flags) {
  StackOptions options = flags.options;
  BL_ASSIGN_OR_RETURN(options.folder, FolderOf(flags.folder));
  options.worker = !flags.no_worker;
  if (!flags.json) options.progress = [](const std::string& line) { WriteMessage(line); };
  BL_ASSIGN_OR_RETURN(const Stack stack, StartStack(options));
  if (flags.json) {
    BL_RETURN_IF_ERROR(
        WriteResults(JsonText({{"address", stack.address}, {"folder", options.folder}})));
    return ExitCode::kOk;
  }
  BL_RETURN_IF_ERROR(WriteResults(
      absl::StrFormat("coordinator at %s, state and logs in %s\n%s", stack.address, options.folder,
                      stack.address == "127.0.0.1:7411"
                          ? ""
                          : absl::StrFormat("  export BOARDLOOP_SERVER=%s\n", stack.address))));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunDown(const std::string& folder) {
  BL_ASSIGN_OR_RETURN(const std::string path, FolderOf(folder));
  BL_RETURN_IF_ERROR(StopStack(path, [](const std::string& line) { WriteMessage(line); }));
  return ExitCode::kOk;
}

void AddFolder(CLI::App& command, std::string& folder) {
  command.add_option("--dir", folder, "Folder of everything")
      ->type_name("FOLDER")
      ->default_str("~/.local/state/boardloop/local");
}

}  // namespace

void AddUpCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("up", kUpHelp);
  command.footer(kUpNotes);
  auto flags = std::make_shared<UpFlags>();
  AddFolder(command, flags->folder);
  command
      .add_option("--virtual", flags->options.virtual_boards,
                  "Virtual boards, TYPE or TYPE:COUNT; may be repeated")
      ->type_name("TYPE[:N]")
      ->capture_default_str();
  command.add_option("--bench", flags->options.bench, "Real boards (docs/formats/bench.md)")
      ->type_name("FILE.yaml");
  command.add_option("--listen", flags->options.listen, "Address of the coordinator; port 0: any")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_flag("--no-worker", flags->no_worker, "Without a worker: measurements only");
  AddThreads(command, flags->options.threads);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunUp(*flags); }; });
}

void AddDownCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("down", kDownHelp);
  auto folder = std::make_shared<std::string>();
  AddFolder(command, *folder);
  command.callback([folder, &action] { action = [folder] { return RunDown(*folder); }; });
}

}  // namespace boardloop
