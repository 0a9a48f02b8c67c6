// boardloop workers: the processes that serve a coordinator.

#include <memory>

#include "absl/time/clock.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/board_text.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists workers and device agents";

constexpr char kNotes[] =
    R"(LOST: it has not called for a minute, and its tasks went to others.

Examples:
  boardloop workers
  boardloop workers --kind agent --json | jq --raw-output '.members[].name'
)";

struct WorkersFlags {
  RemoteFlags remote;
  v1::Member::Kind kind = v1::Member::KIND_UNSPECIFIED;
};

absl::StatusOr<ExitCode> RunWorkers(Connection& connection, const WorkersFlags& flags) {
  v1::ListMembersRequest request;
  request.set_kind(flags.kind);
  BL_ASSIGN_OR_RETURN(const v1::ListMembersResponse response,
                      ListPages(connection, &v1::BoardService::Stub::ListMembers, request,
                                &v1::ListMembersResponse::members_size, /*limit=*/0));
  BL_RETURN_IF_ERROR(flags.remote.json
                         ? WriteJson(response)
                         : WriteResults(MembersTable(response.members(), absl::Now()).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddWorkersCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("workers", kHelp)->group(kFarmGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<WorkersFlags>();
  AddChoice<v1::Member::Kind>(command, "--kind", flags->kind,
                              {{"worker", v1::Member::WORKER}, {"agent", v1::Member::AGENT}},
                              "Only of this kind");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunWorkers);
}

}  // namespace boardloop
