#include "cli/remote/artifact_transfer.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "cli/client/artifact_client.h"
#include "cli/progress.h"
#include "cli/remote/names.h"

namespace boardloop {
namespace {

// A coordinator that does not answer at all is reported soon; one that goes away meanwhile may come back.
constexpr absl::Duration kFirstAnswer = absl::Seconds(2);

ArtifactClient MakeClient(Connection& connection) {
  ArtifactClient::Options options;
  options.address = connection.address();
  if (!connection.AwaitServer(kFirstAnswer)) options.attempts = 1;
  return ArtifactClient(connection.channel(), options);
}

TransferOptions Showing(Progress& progress) {
  TransferOptions options;
  options.progress = [&progress](int64_t done, int64_t total) { progress.Update(done, total); };
  return options;
}

absl::Status Told(const absl::Status& status, const std::string& what) {
  if (status.ok()) return status;
  const absl::Status told = AnnotateAnswer(status, what);
  return absl::IsUnavailable(told) ? AsUnreachable(told) : told;
}

}  // namespace

absl::Status DownloadArtifact(Connection& connection, const std::string& name,
                              const std::string& path) {
  const std::string file = LastPart(path);
  Progress progress("bytes of " + file);
  return Told(MakeClient(connection).Download(name, path, Showing(progress)), "download " + file);
}

absl::StatusOr<std::string> UploadedArtifact(Connection& connection, const std::string& text) {
  if (absl::StartsWith(text, "artifacts/")) return text;
  Progress progress("bytes of " + LastPart(text));
  absl::StatusOr<std::string> name = MakeClient(connection).Upload(text, Showing(progress));
  if (!name.ok()) return Told(name.status(), "upload " + text);
  return name;
}

}  // namespace boardloop
