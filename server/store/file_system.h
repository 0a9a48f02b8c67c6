// Errors of files beside a database, and what makes a file durable.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace boardloop {

// `error` is an errno. "`doing` `path`: what the system says".
//
// RESOURCE_EXHAUSTED   the disk, a quota or a limit on file sizes
// FAILED_PRECONDITION  read-only, or not permitted
// NOT_FOUND            no such file or folder
// ALREADY_EXISTS, and others as the system says
absl::Status FileError(int error, const std::string& doing, const std::string& path);

// What was written to the file is on the disk; and, of a folder, the names in it.
absl::Status SyncFile(const std::string& path);
std::string FolderOf(const std::string& path);

// Gives a file its name, which no other has yet.
//
// ALREADY_EXISTS  there is something at `to`
absl::Status RenameToNew(const std::string& from, const std::string& to);

}  // namespace boardloop
