#include "cli/client/target.h"

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "cli/client/channel.h"
#include "core/base/status.h"
#include "core/identity/identity_folder.h"

namespace boardloop {
namespace {

constexpr char kNone[] = "none";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string AskedIdentity(const TargetFlags& flags) {
  return flags.identity.empty() ? Environment("BOARDLOOP_IDENTITY") : flags.identity;
}

absl::StatusOr<Target> FindTarget(const TargetFlags& flags, const std::string& own_folder) {
  Target target;
  target.address = flags.server.empty() ? Environment("BOARDLOOP_SERVER") : flags.server;
  if (!target.address.empty()) BL_RETURN_IF_ERROR(ParseHostPort(target.address).status());
  const std::string asked = AskedIdentity(flags);
  if (!asked.empty() && asked != kNone) {
    BL_ASSIGN_OR_RETURN(const IdentityFiles files, ReadIdentity(asked));
    target.identity = asked;
    if (target.address.empty()) {
      target.address = files.server;
      BL_RETURN_IF_ERROR(Annotate(ParseHostPort(target.address).status(),
                                  absl::StrFormat("server of the identity in %s", asked)));
    }
  }
  for (const std::string& folder : {own_folder, DefaultIdentityFolder()}) {
    if (!asked.empty() || folder.empty() || !target.identity.empty()) continue;
    // What is damaged there counts only for those who ask for it.
    const absl::StatusOr<IdentityFiles> files = ReadIdentity(folder);
    if (files.ok() && (target.address.empty() || target.address == files->server)) {
      target.identity = folder;
      target.address = files->server;
    }
  }
  if (target.address.empty()) target.address = kDefaultServer;
  return target;
}

void AddTarget(CLI::App& command, TargetFlags& flags) {
  command
      .add_option("--server", flags.server,
                  "Address of the coordinator; BOARDLOOP_SERVER gives another default")
      ->type_name("HOST:PORT")
      ->default_str(kDefaultServer);
  command
      .add_option("--identity", flags.identity,
                  "Folder of the identity to use with TLS, or none (BOARDLOOP_IDENTITY)")
      ->type_name("DIR")
      ->default_str("~/.config/boardloop/identity");
}

}  // namespace boardloop
