// The `boardloop-server` program.
#pragma once

#include <string>

namespace boardloop {

int RunServer(int argc, char** argv);

// $XDG_STATE_HOME/boardloop/server, else ~/.local/state/boardloop/server.
std::string DefaultServerFolder();

}  // namespace boardloop
