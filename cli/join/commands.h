// The commands of the `boardloop` program about identities (as cli/command.h).
#pragma once

#include "CLI/CLI.hpp"
#include "cli/command.h"

namespace boardloop {

void AddJoinCommand(CLI::App& program, Action& action);
void AddTokenCommand(CLI::App& program, Action& action);
void AddTokensCommand(CLI::App& program, Action& action);
void AddIdentitiesCommand(CLI::App& program, Action& action);
void AddRevokeCommand(CLI::App& program, Action& action);

// The group under which --help lists them.
inline constexpr char kIdentityGroup[] = "Identities, for coordinators with TLS";

// All of them, in the order of the help.
void AddJoinCommands(CLI::App& program, Action& action);

}  // namespace boardloop
