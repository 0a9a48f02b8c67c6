// A folder of downloaded artifacts, which workers and agents of a machine share.
//
//   abcdef...               the artifact whose SHA-256 is abcdef...
//   abcdef....new           one that has just been downloaded, and with .partial behind it, what is there of it
//   lock                    held by whoever takes in or removes artifacts
//
// Invariants:
//   (1) A file with an artifact's name is whole.
//   (2) A file that somebody holds (CachedArtifact) is not removed, by any process: the holder shares its lock, and whoever removes it
//       must have it alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/client/artifact_client.h"
#include "core/base/unique_fd.h"

namespace boardloop {

// A file of the cache, which stays at its path while this lives. It must not be changed.
class CachedArtifact {
 public:
  const std::string& path() const { return path_; }

 private:
  friend class ArtifactCache;
  CachedArtifact(std::string path, UniqueFd file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  UniqueFd file_;  // Its lock is shared.
};

// Thread-safe; several processes may use one folder.
class ArtifactCache {
 public:
  struct Options {
    // Beyond it the artifacts that were used least recently are removed, but none that somebody holds.
    int64_t limit_bytes = int64_t{20} << 30;
  };

  // Creates the folder if it is absent.
  static absl::StatusOr<ArtifactCache> Open(const std::string& folder, const Options& options);

  // The file of `artifacts/{sha256}`, downloaded where it is not here. Errors as of ArtifactClient::Download.
  absl::StatusOr<CachedArtifact> Get(ArtifactClient& client, const std::string& name,
                                     const TransferOptions& transfer = {}) const;

  // Its content, checked: a file that has changed on the disk is downloaded again.
  //
  // RESOURCE_EXHAUSTED  larger than `max_bytes`
  absl::StatusOr<std::string> Read(ArtifactClient& client, const std::string& name,
                                   int64_t max_bytes = int64_t{256} << 20,
                                   const TransferOptions& transfer = {}) const;

  // Removes what is beyond the limit, and downloads that nobody has gone on with for a day.
  absl::Status MakeRoom() const;

 private:
  ArtifactCache(std::string folder, const Options& options)
      : folder_(std::move(folder)), options_(options) {}

  std::string Path(const std::string& sha256) const { return folder_ + "/" + sha256; }
  // nullopt: not here.
  absl::StatusOr<std::optional<CachedArtifact>> Hold(const std::string& sha256) const;
  // Makes what has been downloaded an artifact of the cache and makes room for it. nullopt: not here.
  absl::StatusOr<std::optional<CachedArtifact>> TakeIn(const std::string& sha256) const;
  absl::StatusOr<UniqueFd> LockFolder() const;
  // The caller has locked the folder.
  absl::Status RemoveBeyondLimit() const;

  std::string folder_;
  Options options_;
};

}  // namespace boardloop
