// boardloop candidates: the networks that a search looked at.

#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists the networks that a search looked at";

constexpr char kNotes[] =
    R"(In the order of creation. A latency with ~ is predicted, not measured.

Examples:
  boardloop candidates quick-fox --state infeasible
  boardloop candidates quick-fox --json | jq '.candidates[] | [.subnet, .top1, .latency_ms]'
)";

struct CandidatesFlags {
  RemoteFlags remote;
  std::string name;
  v1::Candidate::State state = v1::Candidate::STATE_UNSPECIFIED;
  int32_t limit = 0;
};

absl::StatusOr<ExitCode> RunCandidates(Connection& connection, const CandidatesFlags& flags) {
  v1::ListCandidatesRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_parent(), ResourceName("searches", flags.name));
  request.set_state(flags.state);
  BL_ASSIGN_OR_RETURN(const v1::ListCandidatesResponse response,
                      ListPages(connection, &v1::SearchService::Stub::ListCandidates, request,
                                &v1::ListCandidatesResponse::candidates_size, flags.limit));
  BL_RETURN_IF_ERROR(
      flags.remote.json
          ? WriteJson(response)
          : WriteResults(CandidatesTable(response.candidates(), /*states=*/true).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddCandidatesCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("candidates", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<CandidatesFlags>();
  AddName(command, flags->name, "SEARCH", "Name of the search");
  AddChoice<v1::Candidate::State>(command, "--state", flags->state,
                                  {{"pending", v1::Candidate::PENDING},
                                   {"feasible", v1::Candidate::FEASIBLE},
                                   {"infeasible", v1::Candidate::INFEASIBLE},
                                   {"failed", v1::Candidate::FAILED}},
                                  "Only those in this state");
  AddLimit(command, flags->limit, "candidates");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunCandidates);
}

}  // namespace boardloop
