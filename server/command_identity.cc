// boardloop-server identity: an identity without a token, from the authority itself.

#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "core/identity/authority.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"
#include "core/identity/key.h"
#include "server/command.h"
#include "server/own_coordinator.h"
#include "server/program.h"
#include "server/security/server_tls.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Makes an identity folder without a token";

constexpr char kNotes[] =
    R"(For the first operator, and for programs that start beside the coordinator (compose files). The folder has a private
key: hand it to one program only.

Examples:
  boardloop-server identity --role operator --name anna --out ~/.config/boardloop/identity
  boardloop-server identity --role worker --name w1 --out w1 --server coordinator:7411
)";

struct Flags {
  v1::Identity::Role role = v1::Identity::ROLE_UNSPECIFIED;
  std::string name, out, state, server;
};

absl::StatusOr<int> RunIdentity(const Flags& flags) {
  const std::string state = flags.state.empty() ? DefaultServerFolder() : flags.state;
  const v1::Identity identity = MakeIdentity(flags.role, flags.name);
  BL_RETURN_IF_ERROR(CheckIdentity(identity));
  IdentityFiles files;
  files.server = flags.server;
  if (files.server.empty()) files.server = OwnAddress(state).value_or(kDefaultServer);
  BL_RETURN_IF_ERROR(ParseHostPort(files.server).status());
  BL_ASSIGN_OR_RETURN(const Authority authority,
                      Authority::LoadOrCreate(AuthorityFolderIn(state), absl::Now()));
  BL_ASSIGN_OR_RETURN(files.key, NewKey());
  BL_ASSIGN_OR_RETURN(const std::string request, MakeCertificateRequest(files.key));
  BL_ASSIGN_OR_RETURN(files.certificate, authority.SignIdentity(request, identity, absl::Now()));
  files.authority = authority.certificate();
  BL_RETURN_IF_ERROR(WriteIdentity(flags.out, files));
  SayIfNoneServed(state);
  BL_RETURN_IF_ERROR(WriteResults(
      absl::StrFormat("%s at %s, in %s\n", IdentityText(identity), files.server, flags.out)));
  return 0;
}

}  // namespace

void AddIdentityCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand("identity", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddChoice<v1::Identity::Role>(command, "--role", flags->role,
                                {{"user", v1::Identity::USER},
                                 {"operator", v1::Identity::OPERATOR},
                                 {"worker", v1::Identity::WORKER},
                                 {"agent", v1::Identity::AGENT}},
                                "What its holder may do")
      ->required();
  command.add_option("--name", flags->name, "Who it is")->required()->type_name("NAME");
  command.add_option("--out", flags->out, "Folder to write; what is there is replaced")
      ->required()
      ->type_name("DIR");
  command
      .add_option("--server", flags->server,
                  "How its holder reaches the coordinator (default: as it serves, or served last)")
      ->type_name("HOST:PORT");
  AddState(command, flags->state);
  command.callback([flags, &action] { action = [flags] { return RunIdentity(*flags); }; });
}

}  // namespace boardloop
