#include "worker/torch/torch_version.h"

#include "torch/version.h"

namespace boardloop {

// Not asked of CUDA itself, which takes a second and a GPU's memory to answer.
std::string TorchVersion() {
#ifdef BL_HAS_CUDA
  return "LibTorch " TORCH_VERSION " with CUDA";
#else
  return "LibTorch " TORCH_VERSION " without CUDA";
#endif
}

}  // namespace boardloop
