// Ctrl-C and SIGTERM as a question that long work asks between its steps.
#pragma once

namespace boardloop {

// From now on the first SIGINT or SIGTERM makes StopRequested() true; a second one ends the process.
void CatchStopSignals();
bool StopRequested();

}  // namespace boardloop
