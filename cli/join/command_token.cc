// boardloop token: lets somebody join.

#include <memory>

#include "cli/join/commands.h"
#include "cli/join/token_flags.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Makes a token to join with; for operators";

constexpr char kNotes[] = R"(Roles:
  user      searches, measurements and artifacts; reads the farm
  operator  all of a user; boards, tokens, revocation
  worker    boardloop-worker serve
  agent     boardloop-agent serve

Examples:
  boardloop token --role user --name anna
  boardloop token --role worker --uses 20 --hours 24 > token.txt
)";

struct Flags {
  RemoteFlags remote;
  TokenFlags token;
};

absl::StatusOr<ExitCode> RunToken(Connection& connection, const Flags& flags) {
  BL_ASSIGN_OR_RETURN(
      const v1::CreateTokenResponse token,
      connection.Call(&v1::SecurityService::Stub::CreateToken, TokenRequest(flags.token)));
  BL_RETURN_IF_ERROR(WriteToken(token, flags.remote.json));
  return ExitCode::kOk;
}

}  // namespace

void AddTokenCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("token", kHelp)->group(kIdentityGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddTokenFlags(command, flags->token);
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunToken);
}

}  // namespace boardloop
