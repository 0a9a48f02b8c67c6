#include "worker/torch/torch_parallel.h"

#include <vector>

#include "ATen/Parallel.h"
#include "core/base/parallel.h"
#include "worker/torch/torch_errors.h"

namespace boardloop {

absl::Status ParallelTorch(int64_t count, int threads,
                           const std::function<absl::Status(int64_t)>& body) {
  std::vector<absl::Status> statuses(static_cast<size_t>(count));
  ParallelFor(count, threads, [&](int64_t item) {
    at::set_num_threads(1);  // A setting of each thread.
    statuses[item] = CatchTorchErrors([&] { return body(item); });
  });
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace boardloop
