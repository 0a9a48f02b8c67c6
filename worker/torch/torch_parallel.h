// Independent LibTorch work on several threads of a CPU.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"

namespace boardloop {

// As ParallelFor (core/base/parallel.h), for work on LibTorch tensors: each item runs on one thread
// alone, LibTorch's own threads off, so that results do not depend on the number of threads. Whole items side
// by side use the cores of a small network better than LibTorch's loops inside each operator. Returns the first
// error in the order of items; what is thrown becomes one.
absl::Status ParallelTorch(int64_t count, int threads,
                           const std::function<absl::Status(int64_t)>& body);

}  // namespace boardloop
