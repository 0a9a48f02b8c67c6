#include "core/base/artifact_name.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/sha256.h"

namespace boardloop {
namespace {

constexpr std::string_view kCollection = "artifacts/";
constexpr size_t kShown = 120;  // Enough to see what is wrong with a name; somebody else wrote it.

}  // namespace

std::string ArtifactName(const std::string& sha256) { return std::string(kCollection) + sha256; }

absl::StatusOr<std::string> ArtifactSha256(const std::string& name) {
  const bool prefixed = name.compare(0, kCollection.size(), kCollection) == 0;
  const std::string sha256 = prefixed ? name.substr(kCollection.size()) : "";
  if (IsSha256Hex(sha256)) return sha256;
  return absl::InvalidArgumentError(
      absl::StrFormat("the artifact's name is \"%s\", must be artifacts/ and the 64 lower-case "
                      "hexadecimal digits of its SHA-256",
                      absl::CHexEscape(name.substr(0, kShown))));
}

}  // namespace boardloop
