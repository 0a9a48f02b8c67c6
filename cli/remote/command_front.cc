// boardloop front: the Pareto front of a search.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "cli/remote/commands.h"
#include "cli/remote/front_plot.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Shows the Pareto front of a search";

constexpr char kNotes[] =
    R"(The feasible networks that no other feasible one beats in top-1, latency and SRAM at once, best
top-1 first. A latency with ~ is predicted, not measured.

Examples:
  boardloop front quick-fox --plot front.svg
  boardloop front quick-fox --json | jq --raw-output '.candidates[].subnet'
)";

struct FrontFlags {
  RemoteFlags remote;
  std::string name;
  std::string plot;
};

// With all candidates of the search in the background.
absl::Status Plot(Connection& connection, const std::string& search, const Candidates& front,
                  const std::string& path) {
  v1::ListCandidatesRequest request;
  request.set_parent(search);
  BL_ASSIGN_OR_RETURN(const v1::ListCandidatesResponse all,
                      ListPages(connection, &v1::SearchService::Stub::ListCandidates, request,
                                &v1::ListCandidatesResponse::candidates_size, /*limit=*/0));
  if (FrontPoints(front).empty()) {
    return absl::FailedPreconditionError(absl::StrCat("nothing to plot in ", path,
                                                      ": no network of ", search,
                                                      " has both top-1 and latency yet"));
  }
  return WriteSvg(FrontFigure("Pareto front of " + LastPart(search), front, all.candidates()),
                  path);
}

absl::StatusOr<ExitCode> RunFront(Connection& connection, const FrontFlags& flags) {
  v1::GetFrontRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_parent(), ResourceName("searches", flags.name));
  BL_ASSIGN_OR_RETURN(const v1::GetFrontResponse response,
                      connection.Call(&v1::SearchService::Stub::GetFront, request));
  if (!flags.plot.empty()) {
    BL_RETURN_IF_ERROR(Plot(connection, request.parent(), response.candidates(), flags.plot));
  }
  BL_RETURN_IF_ERROR(
      flags.remote.json
          ? WriteJson(response)
          : WriteResults(CandidatesTable(response.candidates(), /*states=*/false).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddFrontCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("front", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<FrontFlags>();
  AddName(command, flags->name, "SEARCH", "Name of the search");
  AddPlot(command, flags->plot, "Draw top-1 over latency, all candidates in grey");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunFront);
}

}  // namespace boardloop
