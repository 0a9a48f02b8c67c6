// boardloop up and down: the whole system on this machine, for a first search and for development.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/local/commands.h"
#include "cli/local/local_stack.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "core/base/text.h"
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

Exit code 1 also when no board is in service: it says why, and the programs run on.
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

// Pages of searches, where the coordinator shows its metrics; else empty.
std::string PagesOf(const Stack& stack) {
  const auto server = stack.metrics.find("server");
  return server == stack.metrics.end() ? "" : absl::StrFormat("http://%s/", server->second);
}

nlohmann::ordered_json JsonOf(const Stack& stack, const std::string& folder) {
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
  for (const auto& [program, address] : stack.metrics) metrics[program] = address;
  nlohmann::ordered_json out_of_service = nlohmann::ordered_json::array();
  for (const BoardOutOfService& board : stack.boards_out_of_service) {
    out_of_service.push_back(
        {{"name", board.name}, {"state", board.state}, {"reason", board.reason}});
  }
  const std::string pages = PagesOf(stack);
  return {{"address", stack.address},
          {"folder", folder},
          {"metrics", metrics},
          {"pages", pages.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(pages)},
          {"boards_in_service", stack.boards_in_service},
          {"boards_out_of_service", out_of_service}};
}

std::string MetricsText(const Stack& stack) {
  std::vector<std::string> addresses;
  for (const auto& [program, daemon] : stack.programs) {
    const auto found = stack.metrics.find(program);
    addresses.push_back(absl::StrCat(
        program, " ", found == stack.metrics.end() ? "none (its log says why)" : found->second));
  }
  const std::string pages = PagesOf(stack);
  return absl::StrCat("metrics: ", absl::StrJoin(addresses, ", "),
                      pages.empty() ? "" : absl::StrCat("; pages: ", pages), "\n");
}

std::string TextOf(const Stack& stack, const std::string& folder) {
  std::string text =
      absl::StrFormat("coordinator at %s, state and logs in %s\n", stack.address, folder);
  if (stack.address != StackConfig().listen) {
    absl::StrAppendFormat(&text, "  export BOARDLOOP_SERVER=%s\n", stack.address);
  }
  return absl::StrCat(text, MetricsText(stack));
}

std::string TextOf(const BoardOutOfService& board) {
  const std::string name(absl::StripPrefix(board.name, "boards/"));
  return absl::StrFormat(
      "%s is %s: %s. When that is mended, `boardloop boards return %s` has it checked again", name,
      board.state, Printable(board.reason.empty() ? "no reason given" : board.reason), name);
}

absl::StatusOr<ExitCode> RunUp(const UpFlags& flags) {
  StackOptions options = flags.options;
  BL_ASSIGN_OR_RETURN(options.folder, FolderOf(flags.folder));
  if (!flags.json) options.progress = [](const std::string& line) { WriteMessage(line); };
  BL_ASSIGN_OR_RETURN(const Stack stack, StartStack(options));
  BL_RETURN_IF_ERROR(WriteResults(flags.json ? JsonText(JsonOf(stack, options.folder))
                                             : TextOf(stack, options.folder)));
  for (const BoardOutOfService& board : stack.boards_out_of_service) WriteMessage(TextOf(board));
  if (stack.boards_in_service > 0) return ExitCode::kOk;
  WriteMessage("no board is in service; the programs run on, `boardloop down` ends them");
  return ExitCode::kFailed;
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
