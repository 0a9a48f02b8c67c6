// boardloop join: a token becomes an identity of this machine.

#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/client/credentials.h"
#include "cli/client/join.h"
#include "cli/client/target.h"
#include "cli/join/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "core/identity/certificate.h"
#include "core/identity/identity_folder.h"
#include "core/identity/identity_name.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Joins a coordinator with a token";

constexpr char kNotes[] =
    R"(An operator has tokens: `boardloop token`, or `boardloop-server token` on the coordinator's machine. The key is made
here and stays here. From then on commands find the coordinator and the identity by themselves; certificates live for
30 days, and every command renews one of which half is over.

A token is as good as a password: "-" reads it from standard input, so that it is in no history.

Examples:
  boardloop join lab.example.org:7411 bl1-CAES...
  boardloop join lab.example.org:7411 - --name anna < token.txt
)";

struct Flags {
  std::string address, token, name, identity;
  bool replace = false;
};

absl::StatusOr<std::string> ReadToken(const std::string& token) {
  if (token != "-") return token;
  std::string line;
  if (std::getline(std::cin, line) && !line.empty()) return line;
  return absl::InvalidArgumentError("standard input has no token");
}

// Empty where there is none, or one that no identity can have.
std::string LoginName() {
  const passwd* user = getpwuid(geteuid());
  const std::string name = user != nullptr ? user->pw_name : "";
  return CheckIdentityName(name).ok() ? name : "";
}

// Its key is nowhere else.
absl::Status CheckReplaceable(const std::string& folder) {
  if (!CheckUsable(folder, absl::Now()).ok()) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const IdentityFiles files, ReadIdentity(folder));
  BL_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(files.certificate));
  return absl::AlreadyExistsError(absl::StrFormat(
      "%s has the identity %s at %s: --identity names another folder, --replace replaces it; the "
      "token was not used",
      folder, IdentityText(*certificate.identity), files.server));
}

absl::StatusOr<ExitCode> RunJoin(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const std::string token, ReadToken(flags.token));
  TargetFlags target;
  target.identity = flags.identity;
  std::string folder = AskedIdentity(target);
  if (folder == "none") {
    return absl::InvalidArgumentError("the identity is \"none\", must be a folder to write");
  }
  if (folder.empty()) folder = DefaultIdentityFolder();
  if (!flags.replace) BL_RETURN_IF_ERROR(CheckReplaceable(folder));
  const absl::StatusOr<v1::Identity> identity =
      JoinCoordinator(flags.address, token, flags.name, folder, LoginName());
  if (absl::IsUnavailable(identity.status())) {
    WriteMessage(std::string(identity.status().message()));
    return ExitCode::kUnreachable;
  }
  if (!identity.ok()) return identity.status();
  BL_RETURN_IF_ERROR(WriteResults(
      absl::StrFormat("%s at %s, in %s\n", IdentityText(*identity), flags.address, folder)));
  return ExitCode::kOk;
}

}  // namespace

void AddJoinCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("join", kHelp)->group(kIdentityGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("address", flags->address, "Of the coordinator")
      ->required()
      ->type_name("HOST:PORT");
  command.add_option("token", flags->token, "The token; \"-\": from standard input")
      ->required()
      ->type_name("TOKEN");
  command
      .add_option("--name", flags->name,
                  "Who you are (default: the token's name, else your login name)")
      ->type_name("NAME")
      ->check(NotEmpty);
  command
      .add_option("--identity", flags->identity,
                  "Folder to write the identity to (BOARDLOOP_IDENTITY)")
      ->type_name("DIR")
      ->default_str("~/.config/boardloop/identity");
  command.add_flag("--replace", flags->replace, "Also where the folder has a valid identity");
  command.callback([flags, &action] { action = [flags] { return RunJoin(*flags); }; });
}

}  // namespace boardloop
