// Processes that a program has started, by name.
#pragma once

#include <sys/types.h>

#include <string>

namespace boardloop {

// A process below `root` (a child, a child's child, ...) whose name, as the kernel keeps it, is `name`: at most 15
// characters, such as "qemu-system-arm". -1 when there is none that runs.
pid_t FindDescendant(pid_t root, const std::string& name);

// Whether the process is there and has not ended.
bool ProcessRuns(pid_t pid);

}  // namespace boardloop
