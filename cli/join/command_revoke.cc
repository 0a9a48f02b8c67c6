// boardloop revoke: shuts somebody out.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/join/commands.h"
#include "cli/output.h"
#include "cli/remote/json.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"
#include "core/identity/identity_name.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Refuses an identity for good; for operators";

constexpr char kNotes[] =
    R"(From the next call on, its holder is refused; nobody joins under this role and name again. There is no way back: who
shall return joins under another name. Tasks of a member go to others when its lease ends.

Examples:
  boardloop revoke worker/trainer-2
  boardloop revoke user/anna --allow-missing
)";

struct Flags {
  RemoteFlags remote;
  std::string identity;
  bool allow_missing = false;
};

absl::StatusOr<ExitCode> RunRevoke(Connection& connection, const Flags& flags) {
  v1::RevokeIdentityRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_identity(), ParseIdentityText(flags.identity));
  request.set_allow_missing(flags.allow_missing);
  const absl::StatusOr<v1::RevokeIdentityResponse> response =
      connection.Call(&v1::SecurityService::Stub::RevokeIdentity, request);
  if (absl::IsNotFound(response.status())) {
    return WithMessage(response.status(),
                       absl::StrCat(std::string(response.status().message()),
                                    ": `boardloop identities` lists who has, --allow-missing "
                                    "revokes the name all the same"));
  }
  if (!response.ok()) return response.status();
  BL_RETURN_IF_ERROR(flags.remote.json ? WriteJson(*response)
                                       : WriteResults(absl::StrFormat(
                                             "%s is revoked\n", IdentityText(request.identity()))));
  return ExitCode::kOk;
}

}  // namespace

void AddRevokeCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("revoke", kHelp)->group(kIdentityGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("identity", flags->identity, "Whom")->required()->type_name("ROLE/NAME");
  command.add_flag("--allow-missing", flags->allow_missing,
                   "Also a name that nobody has joined or called with yet");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunRevoke);
}

}  // namespace boardloop
