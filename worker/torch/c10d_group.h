// Process groups over LibTorch's c10d: Gloo between CPUs, NCCL between GPUs.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/torch/process_group.h"

namespace boardloop {

// The group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT name, as torchrun sets them; this process alone
// where none is set. Waits until all processes have come.
//
// INVALID_ARGUMENT   a variable that is missing beside the others, or not a number in its range; named
// DEADLINE_EXCEEDED  not all came within `timeout`
// UNAVAILABLE        no connection
// UNIMPLEMENTED      this build of LibTorch has no c10d
absl::StatusOr<std::unique_ptr<ProcessGroup>> JoinProcessGroup(
    const at::Device& device, absl::Duration timeout = absl::Minutes(5));

// LOCAL_RANK: which GPU of this machine is this process's; 0 where it is not set.
absl::StatusOr<int> LocalRank();

}  // namespace boardloop
