#include "worker/kernels/variants.h"

#include <atomic>

namespace boardloop::kernels {

// Each is simd.cc compiled for one instruction set.
const Variant* Baseline();
#ifdef BL_X86_VARIANTS
const Variant* Avx2();
const Variant* Avx512();
#endif

namespace {

constexpr int64_t kMaxLanes = 16;

std::atomic<const Variant*> chosen{nullptr};

const Variant* Fastest() {
  static const Variant* const fastest = SupportedVariants().back();
  return fastest;
}

}  // namespace

int64_t DepthwiseScratchFloats(const DepthwiseShape& shape) {
  const int64_t padding = shape.kernel / 2 + 1;
  const int64_t plane = (shape.height + 2 * padding) * (shape.width + 2 * padding);
  return (2 * plane + shape.kernel * shape.kernel) * kMaxLanes;
}

std::vector<const Variant*> SupportedVariants() {
  std::vector<const Variant*> variants = {Baseline()};
#ifdef BL_X86_VARIANTS
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (avx2) variants.push_back(Avx2());
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    variants.push_back(Avx512());
  }
#endif
  return variants;
}

const Variant& ActiveVariant() {
  const Variant* variant = chosen.load(std::memory_order_relaxed);
  return variant != nullptr ? *variant : *Fastest();
}

void UseVariant(const Variant* variant) { chosen = variant; }

}  // namespace boardloop::kernels
