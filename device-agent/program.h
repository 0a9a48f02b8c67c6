// The `boardloop-agent` program: its command line, its exit codes and how it reports an error.
#pragma once

namespace boardloop {

// Runs the command that the arguments name and returns the program's exit code.
int RunAgent(int argc, char** argv);

}  // namespace boardloop
