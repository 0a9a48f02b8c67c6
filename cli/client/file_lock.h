// Locks on open files, between processes and between threads; the kernel releases them when the file is closed.
#pragma once

#include <string>

namespace boardloop {

// For the caller alone, if nobody else has locked it in any way.
bool TryLockFile(int fd);
// For the caller alone; waits.
bool LockFile(int fd);
// Together with others that share it; waits.
bool ShareFile(int fd);

// Whether an open file is the one that `path` names: it may have been removed or replaced since it was opened.
bool IsFileAt(int fd, const std::string& path);

}  // namespace boardloop
