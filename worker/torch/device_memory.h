// How much memory the device has that a worker computes on, and what of it is taken.
#pragma once

#include <cstdint>

#include "worker/torch/device_data.h"

namespace boardloop {

struct DeviceMemory {
  int64_t used_bytes = 0;
  int64_t total_bytes = 0;
};

// Of a GPU: as its driver sees it, all processes together. Of a CPU: what this process has in RAM, and the machine's RAM.
// Zeros where it is not known.
DeviceMemory MemoryOf(const ComputeDevice& device);

}  // namespace boardloop
