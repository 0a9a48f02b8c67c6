// boardloop watch: a search until its end.

#include "cli/remote/command_watch.h"

#include <limits>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/format.h"
#include "cli/remote/live_screen.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"
#include "cli/remote/search_watcher.h"
#include "cli/remote/watch_output.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Shows a search live until it has ended";

constexpr char kNotes[] =
    R"(In a terminal the view is drawn again in place; elsewhere each change is a line, with --json an
object a line. When the coordinator goes away, the watch goes on as soon as it is back.

The exit code says how the search ended:
  0 SUCCEEDED   3 INFEASIBLE   4 FAILED   5 CANCELLED   6 the coordinator cannot be reached

Examples:
  boardloop watch quick-fox
  boardloop watch quick-fox --json | jq --raw-output .search.stage
  boardloop watch quick-fox > log && boardloop get quick-fox
)";

struct WatchFlags {
  RemoteFlags remote;
  std::string name;
  int32_t patience_s = 600;
};

std::unique_ptr<WatchOutput> MakeOutput(Connection& connection, bool json) {
  if (json) return MakeJsonOutput();
  return IsLiveTerminal() ? MakeScreenOutput(connection) : MakeLogOutput();
}

std::string EndText(const v1::Search& search) {
  std::string text;
  if (search.state() == v1::Search::SUCCEEDED) {
    AppendField("winner", search.winner(), &text);
    AppendField("files", absl::StrFormat("boardloop get %s", LastPart(search.name())), &text);
  }
  return text;
}

absl::StatusOr<ExitCode> RunWatch(Connection& connection, const WatchFlags& flags) {
  BL_ASSIGN_OR_RETURN(const std::string name, ResourceName("searches", flags.name));
  // A wrong name, or no coordinator at all, is known at once.
  v1::GetSearchRequest request;
  request.set_name(name);
  BL_RETURN_IF_ERROR(connection.Call(&v1::SearchService::Stub::GetSearch, request).status());
  return WatchSearch(connection, name, flags.remote.json, absl::Seconds(flags.patience_s));
}

}  // namespace

absl::StatusOr<ExitCode> WatchSearch(Connection& connection, const std::string& search, bool json,
                                     absl::Duration patience) {
  std::unique_ptr<WatchOutput> output = MakeOutput(connection, json);
  SearchWatcher::Options options;
  options.patience = patience;
  options.on_update = [&](const v1::WatchSearchResponse& response) {
    return output->Update(response);
  };
  options.on_lost = [&](const absl::Status& why) { output->Lost(why); };
  SearchWatcher watcher(connection, options);
  BL_ASSIGN_OR_RETURN(const v1::Search ended, watcher.Run(search));
  output.reset();  // The screen's thread draws no more.
  if (!json) BL_RETURN_IF_ERROR(WriteResults(EndText(ended)));
  return ExitCodeOf(ended);
}

void AddWatchCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("watch", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<WatchFlags>();
  AddName(command, flags->name, "SEARCH", "Name of the search");
  AddInteger(command, "--patience", flags->patience_s, 0, std::numeric_limits<int32_t>::max(),
             "Seconds that the coordinator may be away before the watch gives up");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunWatch);
}

}  // namespace boardloop
