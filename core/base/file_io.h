// What reading and writing open files needs: whole transfers, durability, and a full disk told from other errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/unique_fd.h"

namespace boardloop {

// The error `error` of `path`, where "cannot write" is what was tried.
//
// RESOURCE_EXHAUSTED  disk, quota of the disk or limit of a file's size (ENOSPC, EDQUOT, EFBIG)
// NOT_FOUND and others as the operating system says
absl::Status FileError(const std::string& tried, const std::string& path, int error);

// `flags` and `mode` as open(2) has them; the descriptor is not passed on to child processes.
absl::StatusOr<UniqueFd> OpenFile(const std::string& path, int flags, unsigned mode = 0666);

// All of `bytes`, at the file's position. After an error some of them may have been written.
absl::Status WriteFully(int fd, const std::string& path, std::string_view bytes);

// At most `size` bytes from the file's position; 0 at its end.
absl::StatusOr<size_t> ReadSome(int fd, const std::string& path, char* bytes, size_t size);

absl::StatusOr<int64_t> FileSize(int fd, const std::string& path);

// Returns when the file's bytes are on the disk.
absl::Status SyncFile(int fd, const std::string& path);
// Returns when the folder's names are on the disk: what was renamed into it stays there.
absl::Status SyncFolder(const std::string& folder);

// What may still be written below a folder, by a user without privileges.
absl::StatusOr<int64_t> FreeDiskBytes(const std::string& folder);

}  // namespace boardloop
