// boardloop up and down: the whole system on this machine, for a first search and for development.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

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

Where it runs already, `up` starts what is missing, with the flags that it was started with; other flags than
those are refused.
)";

struct UpFlags {
  StackOptions options;
  std::string folder;
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
  // What is not given is as in the stack that runs: defaults are for one that does not.
  StackRequest& request = flags->options.request;
  const StackConfig defaults;
  command
      .add_option_function<std::vector<std::string>>(
          "--virtual", [&request](const auto& boards) { request.virtual_boards = boards; },
          "Virtual boards, TYPE or TYPE:COUNT; may be repeated")
      ->type_name("TYPE[:N]")
      ->default_str(defaults.virtual_boards[0]);
  command
      .add_option_function<std::string>(
          "--bench", [&request](const std::string& file) { request.bench = file; },
          "Real boards (docs/formats/bench.md)")
      ->type_name("FILE.yaml");
  command
      .add_option_function<std::string>(
          "--listen", [&request](const std::string& address) { request.listen = address; },
          "Address of the coordinator; port 0: any")
      ->type_name("HOST:PORT")
      ->default_str(defaults.listen);
  command.add_flag_function(
      "--no-worker", [&request](int64_t) { request.worker = false; },
      "Without a worker: measurements only");
  AddInteger(command, "--threads", request.threads, 1, 1024,
             "Threads; the result does not depend on it")
      ->default_str(absl::StrCat(defaults.threads));
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
