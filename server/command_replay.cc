// boardloop-server replay: the decisions of a search, made again from what the store has.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/clock.h"
#include "core/base/status.h"
#include "server/artifacts/artifact_files.h"
#include "server/command.h"
#include "server/program.h"
#include "server/search/replay.h"
#include "server/search/search_engine.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr char kNotes[] = R"(Examples:
  boardloop-server replay 20261128-a1b2c3

Draws every generation anew from the seed and the stored answers, chooses finalists and compares. The coordinator must be stopped.
Exit code 1: a decision would be another one today.
)";

struct Flags {
  std::string state, search;
  int32_t threads = 2;
};

absl::StatusOr<int> RunReplay(const Flags& flags) {
  const std::string state = flags.state.empty() ? DefaultServerFolder() : flags.state;
  const SystemClock clock;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store,
                      SqliteStore::Open(state + "/boardloop.db", {}));
  BL_ASSIGN_OR_RETURN(
      const std::unique_ptr<ArtifactFiles> artifacts,
      ArtifactFiles::Create(state + "/artifacts", *store, ArtifactFiles::Options()));
  SearchEngine engine(*store, clock, flags.threads);
  Scheduler scheduler(*store, clock, engine, {});
  const SearchContext context{*store, scheduler, *artifacts, clock, flags.threads};
  const std::string name = absl::StartsWith(flags.search, "searches/")
                               ? flags.search
                               : absl::StrCat("searches/", flags.search);
  BL_ASSIGN_OR_RETURN(const ReplayResult result, ReplaySearch(context, name));
  for (const std::string& difference : result.differences) {
    BL_RETURN_IF_ERROR(WriteResults(absl::StrCat(difference, "\n")));
  }
  BL_RETURN_IF_ERROR(WriteResults(absl::StrFormat("%s: %d decisions, %d differ\n", name,
                                                  result.decisions, result.differences.size())));
  return result.differences.empty() ? 0 : 1;
}

}  // namespace

void AddReplayCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand("replay", "Makes the decisions of a search again");
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddState(command, flags->state);
  command.add_option("SEARCH", flags->search, "Its name")->required()->type_name("");
  AddThreads(command, flags->threads);
  command.callback([flags, &action] { action = [flags] { return RunReplay(*flags); }; });
}

}  // namespace boardloop
