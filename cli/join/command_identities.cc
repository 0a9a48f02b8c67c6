// boardloop identities: who has joined.

#include <memory>

#include "absl/time/clock.h"
#include "cli/join/commands.h"
#include "cli/join/identity_text.h"
#include "cli/output.h"
#include "cli/remote/json.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists who has joined, and who was revoked; for operators";

constexpr char kNotes[] =
    R"(Calls are those since the coordinator started. An identity that expired joins again with a new token.

Examples:
  boardloop identities
  boardloop identities --json | jq --raw-output '.identities[] | select(has("revoke_time") | not) | .identity.name'
)";

struct Flags {
  RemoteFlags remote;
};

absl::StatusOr<ExitCode> RunIdentities(Connection& connection, const Flags& flags) {
  BL_ASSIGN_OR_RETURN(
      const v1::ListIdentitiesResponse response,
      ListPages(connection, &v1::SecurityService::Stub::ListIdentities, v1::ListIdentitiesRequest(),
                &v1::ListIdentitiesResponse::identities_size, /*limit=*/0));
  BL_RETURN_IF_ERROR(
      flags.remote.json ? WriteJson(response)
                        : WriteResults(IdentitiesTable(response.identities(), absl::Now()).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddIdentitiesCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("identities", kHelp)->group(kIdentityGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunIdentities);
}

}  // namespace boardloop
