// The `boardloop-worker` program.
#pragma once

namespace boardloop {

int RunWorker(int argc, char** argv);

}  // namespace boardloop
