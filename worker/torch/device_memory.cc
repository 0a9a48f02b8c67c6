#include "worker/torch/device_memory.h"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>

#include "c10/core/DeviceGuard.h"

namespace boardloop {
namespace {

DeviceMemory MemoryOfProcess() {
  const int64_t page = sysconf(_SC_PAGESIZE);
  DeviceMemory memory;
  memory.total_bytes = sysconf(_SC_PHYS_PAGES) * page;
  std::ifstream file("/proc/self/statm");
  int64_t all = 0, resident = 0;  // Pages.
  if (file >> all >> resident) memory.used_bytes = resident * page;
  return memory;
}

// LibTorch has no call for it that its versions share. The CUDA runtime is there where a LibTorch is that has CUDA: asked for by name,
// so that one source compiles with either, and without a CUDA toolkit.
DeviceMemory MemoryOfGpu(const at::Device& device) {
  using MemGetInfo = int (*)(size_t * free, size_t * total);
  static const auto get_info = reinterpret_cast<MemGetInfo>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
  size_t free = 0, total = 0;
  if (get_info == nullptr) return {};
  const c10::DeviceGuard guard(device);
  if (get_info(&free, &total) != 0) return {};
  return {static_cast<int64_t>(total - free), static_cast<int64_t>(total)};
}

}  // namespace

DeviceMemory MemoryOf(const ComputeDevice& device) {
  return device.device.is_cpu() ? MemoryOfProcess() : MemoryOfGpu(device.device);
}

}  // namespace boardloop
