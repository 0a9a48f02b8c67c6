#include "cli/remote/artifact_transfer.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/progress.h"
#include "core/base/files.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// A message carries at most 1 MiB of data.
constexpr size_t kPieceBytes = 256 * 1024;
constexpr int64_t kMaxFileBytes = int64_t{2} << 30;

std::string ArtifactName(std::string_view content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(content.data(), content.size(), digest, &length, EVP_sha256(), nullptr);
  const std::string bytes(reinterpret_cast<const char*>(digest), length);
  return absl::StrCat("artifacts/", absl::BytesToHexString(bytes));
}

absl::Status Download(Connection& connection, const std::string& name, const std::string& path,
                      const TransferProgress& progress) {
  grpc::ClientContext context;
  SetDeadline(context, kStreamDeadline);
  v1::ReadArtifactRequest request;
  request.set_name(name);
  const auto reader = connection.stub<v1::ArtifactService>().ReadArtifact(&context, request);
  std::string content;
  for (v1::ReadArtifactResponse piece; reader->Read(&piece);) {
    content += piece.data();
    progress(static_cast<int64_t>(content.size()), piece.size_bytes());
    if (static_cast<int64_t>(content.size()) > kMaxFileBytes) context.TryCancel();
  }
  BL_RETURN_IF_ERROR(connection.Check(reader->Finish()));
  const std::string found = ArtifactName(content);
  if (found != name) {
    return absl::DataLossError(
        absl::StrFormat("%s came as %s: it was damaged on its way", name, found));
  }
  return WriteFileAtomically(path, content);
}

absl::StatusOr<std::string> Upload(Connection& connection, const std::string& path,
                                   const TransferProgress& progress) {
  BL_ASSIGN_OR_RETURN(const std::string content, ReadFile(path, kMaxFileBytes));
  const std::string name = ArtifactName(content);
  grpc::ClientContext context;
  SetDeadline(context, kStreamDeadline);
  v1::Artifact stored;
  const auto writer = connection.stub<v1::ArtifactService>().WriteArtifact(&context, &stored);
  size_t offset = 0;
  do {
    v1::WriteArtifactRequest piece;
    if (offset == 0) {
      piece.set_name(name);
      piece.set_size_bytes(static_cast<int64_t>(content.size()));
    }
    piece.set_offset(static_cast<int64_t>(offset));
    piece.set_data(content.substr(offset, kPieceBytes));
    if (!writer->Write(piece)) break;  // Finish says why.
    offset = std::min(content.size(), offset + kPieceBytes);
    progress(static_cast<int64_t>(offset), static_cast<int64_t>(content.size()));
  } while (offset < content.size());
  writer->WritesDone();
  BL_RETURN_IF_ERROR(connection.Check(writer->Finish()));
  return name;
}

}  // namespace

ArtifactTransfer MakeArtifactTransfer(Connection& connection) {
  return {[&connection](const std::string& name, const std::string& path,
                        const TransferProgress& progress) {
            return Download(connection, name, path, progress);
          },
          [&connection](const std::string& path, const TransferProgress& progress) {
            return Upload(connection, path, progress);
          }};
}

absl::StatusOr<std::string> UploadedArtifact(Connection& connection, const std::string& text) {
  if (absl::StartsWith(text, "artifacts/")) return text;
  Progress progress("bytes of " + std::filesystem::path(text).filename().string());
  absl::StatusOr<std::string> name =
      MakeArtifactTransfer(connection).upload(text, [&](int64_t done, int64_t total) {
        progress.Update(done, total);
      });
  if (!name.ok()) return AnnotateAnswer(name.status(), "upload " + text);
  return name;
}

}  // namespace boardloop
