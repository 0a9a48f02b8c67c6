#include "cli/join/commands.h"

namespace boardloop {

void AddJoinCommands(CLI::App& program, Action& action) {
  AddJoinCommand(program, action);
  AddTokenCommand(program, action);
  AddTokensCommand(program, action);
  AddIdentitiesCommand(program, action);
  AddRevokeCommand(program, action);
}

}  // namespace boardloop
