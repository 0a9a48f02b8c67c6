// The resident image of one board type, built once for all who need it.
#pragma once

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/board/board_type.h"
#include "device-agent/build/builder.h"

namespace boardloop {

// Thread-safe.
class ResidentBuild {
 public:
  // Neither is owned.
  ResidentBuild(const BoardType& type, const Builder& builder);

  // Who asks while it is being built waits for it. A build that failed is tried again by the next
  // call. The image is shared with the measurements that run on it. Errors as
  // Builder::BuildResident().
  absl::StatusOr<std::shared_ptr<const FirmwareImage>> Get();

 private:
  const BoardType& type_;
  const Builder& builder_;

  Mutex mu_;
  bool building_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<const FirmwareImage> image_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
