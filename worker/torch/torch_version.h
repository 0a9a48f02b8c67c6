// Which LibTorch this program is built with.
#pragma once

#include <string>

namespace boardloop {

std::string TorchVersion();  // "LibTorch 1.13.0 without CUDA"

}  // namespace boardloop
