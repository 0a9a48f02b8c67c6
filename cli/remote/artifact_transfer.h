// Files to and from the coordinator's artifact store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/remote/connection.h"

namespace boardloop {

using TransferProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// How commands move artifacts, so that they need not know who does it.
struct ArtifactTransfer {
  // Writes the artifact `name` to the file `path`: the whole, checked against its name, or nothing.
  std::function<absl::Status(const std::string& name, const std::string& path,
                             const TransferProgress& progress)>
      download;
  // Stores the file `path`, unless it is there already, and returns its name.
  std::function<absl::StatusOr<std::string>(const std::string& path,
                                            const TransferProgress& progress)>
      upload;
};

// `connection` is not owned and must outlive the result.
ArtifactTransfer MakeArtifactTransfer(Connection& connection);

// `artifacts/{sha256}` as it is; a file is uploaded, with a progress line on a terminal.
absl::StatusOr<std::string> UploadedArtifact(Connection& connection, const std::string& text);

}  // namespace boardloop
