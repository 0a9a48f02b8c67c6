// boardloop tokens: what others can still join with.

#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/join/commands.h"
#include "cli/join/identity_text.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/json.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists tokens that have not expired, or deletes one; for operators";

constexpr char kNotes[] =
    R"(The token itself is kept nowhere: an ID stands for it. Who has joined with a token stays when it is deleted.

Examples:
  boardloop tokens
  boardloop tokens --delete 3f2a9c0d11ae
)";

struct Flags {
  RemoteFlags remote;
  std::string deleted;
};

absl::StatusOr<ExitCode> Delete(Connection& connection, const Flags& flags) {
  v1::DeleteTokenRequest request;
  request.set_token_id(flags.deleted);
  BL_ASSIGN_OR_RETURN(const google::protobuf::Empty deleted,
                      connection.Call(&v1::SecurityService::Stub::DeleteToken, request));
  BL_RETURN_IF_ERROR(flags.remote.json
                         ? WriteJson(deleted)
                         : WriteResults(absl::StrFormat("%s is deleted\n", flags.deleted)));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunTokens(Connection& connection, const Flags& flags) {
  if (!flags.deleted.empty()) return Delete(connection, flags);
  BL_ASSIGN_OR_RETURN(
      const v1::ListTokensResponse response,
      ListPages(connection, &v1::SecurityService::Stub::ListTokens, v1::ListTokensRequest(),
                &v1::ListTokensResponse::tokens_size, /*limit=*/0));
  BL_RETURN_IF_ERROR(flags.remote.json
                         ? WriteJson(response)
                         : WriteResults(TokensTable(response.tokens(), absl::Now()).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddTokensCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("tokens", kHelp)->group(kIdentityGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("--delete", flags->deleted, "Nobody joins with this one any more")
      ->type_name("ID")
      ->check(NotEmpty);
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunTokens);
}

}  // namespace boardloop
