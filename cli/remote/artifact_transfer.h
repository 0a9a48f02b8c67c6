// Files to and from the coordinator's artifact store, with a progress line on a terminal.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/remote/connection.h"

namespace boardloop {

// Writes the artifact `name` to the file `path`: the whole, checked against its name, or nothing. Statuses of
// ArtifactClient::Download.
absl::Status DownloadArtifact(Connection& connection, const std::string& name,
                              const std::string& path);

// `artifacts/{sha256}` as it is; a file is uploaded, unless the coordinator has it already. Statuses of
// ArtifactClient::Upload.
absl::StatusOr<std::string> UploadedArtifact(Connection& connection, const std::string& text);

}  // namespace boardloop
