#include "server/store/artifact_references.h"

#include "absl/strings/str_format.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"

namespace boardloop {

absl::Status ReferToArtifact(Transaction& tx, const std::string& artifact,
                             const std::string& owner) {
  const absl::StatusOr<std::string> sha256 = ArtifactSha256(artifact);
  std::optional<store::ArtifactRow> row;
  if (sha256.ok()) {
    BL_ASSIGN_OR_RETURN(row, tx.GetArtifact(*sha256));
  }
  if (row.has_value()) return tx.AddReference(*sha256, owner);
  return absl::NotFoundError(absl::StrFormat("there is no artifact \"%s\"", artifact));
}

}  // namespace boardloop
