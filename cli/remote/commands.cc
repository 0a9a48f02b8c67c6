#include "cli/remote/commands.h"

namespace boardloop {

void AddRemoteCommands(CLI::App& program, Action& action) {
  AddSubmitCommand(program, action);
  AddWatchCommand(program, action);
  AddListCommand(program, action);
  AddShowCommand(program, action);
  AddCandidatesCommand(program, action);
  AddFrontCommand(program, action);
  AddGetCommand(program, action);
  AddCancelCommand(program, action);
  AddMeasureCommand(program, action);
  AddBoardsCommand(program, action);
  AddWorkersCommand(program, action);
  AddEventsCommand(program, action);
  AddCompletionCommand(program, action);
}

}  // namespace boardloop
