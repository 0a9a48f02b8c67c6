// Files of uploads that are not complete.
//
// Invariants:
//   (1) A file belongs to at most one upload at a time: two callers that upload the same content write two files,
//       and none can spoil what the other has sent.
//   (2) A file that belongs to nobody can be gone on with, whoever began it. What it holds is checked at the end of the
//       upload, so neither a crash nor a caller that lied is remembered here.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/unique_fd.h"

namespace boardloop {

struct PartialUpload {
  std::string path;
  UniqueFd file;  // At its beginning.
};

// Thread-safe. (std::mutex, whose guards clang does not check: docs/decisions/0004-abseil.md.)
class PartialUploads {
 public:
  // Creates the folder if it is absent. Nobody else may use it.
  static absl::StatusOr<std::unique_ptr<PartialUploads>> Open(const std::string& folder);

  // Bytes of the largest file that an upload of this content can go on with; 0: none.
  absl::StatusOr<int64_t> Committed(const std::string& sha256);

  // A file that holds the first `offset` bytes, for the caller alone until GiveBack or Remove.
  //
  // OUT_OF_RANGE  nobody has sent so much; the message says how much is there
  absl::StatusOr<PartialUpload> Take(const std::string& sha256, int64_t offset);

  // Keeps what is there for an upload that goes on; of several files of one content, the largest.
  void GiveBack(const PartialUpload& upload);
  void Remove(const PartialUpload& upload);
  // Those that nobody has taken: the content is complete.
  void RemoveIdle(const std::string& sha256);

  struct Removed {
    int64_t files = 0;
    int64_t bytes = 0;
  };
  // Those that nobody has taken or written since `time`.
  absl::StatusOr<Removed> RemoveIdleSince(absl::Time time);

  // Of files that nobody has taken.
  absl::StatusOr<int64_t> IdleBytes();

 private:
  struct Entry {
    std::string name;
    int64_t bytes = 0;
    absl::Time written;
  };

  static bool HasFewerBytes(const Entry& a, const Entry& b);
  explicit PartialUploads(std::string folder) : folder_(std::move(folder)) {}
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  // Files that nobody has taken; with `sha256`, of this content. The caller holds mu_, here and below.
  absl::StatusOr<std::vector<Entry>> Idle(const std::string& sha256) const;
  absl::StatusOr<PartialUpload> Create(const std::string& sha256);

  const std::string folder_;
  std::mutex mu_;
  std::set<std::string> taken_;  // Paths. Guarded by mu_.
};

}  // namespace boardloop
