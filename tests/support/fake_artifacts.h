// The coordinator's artifacts in memory, with faults.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"

namespace boardloop {

// Thread-safe.
class FakeArtifacts {
 public:
  // "artifacts/{64 hexadecimal digits}", a function of the content.
  absl::StatusOr<std::string> Write(const std::string& bytes);
  absl::StatusOr<std::string> Read(const std::string& name) const;

  // What every call answers until it is OK again.
  void Fail(const absl::Status& status);
  size_t size() const;

 private:
  mutable Mutex mu_;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> files_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
