// Well-known networks by name, for comparison.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"

namespace boardloop {

// Builds a network from "name" or "name:key=value,...":
//   resnet18, resnet50                  He et al. 2015, 224 px unless told
//   mobilenet_v2                        Sandler et al. 2018, any width; 1280-channel last
//   convolution proxyless_mobile                    Cai et al. 2019, the mobile network mnasnet_a1
//   Tan et al. 2019, with squeeze-and-excite
// Keys: `width` (multiplier), `res` (pixels), `classes`, `channels` (of the input).
//
// NOT_FOUND         no such network; the message lists the names
// INVALID_ARGUMENT  unknown key, bad value
absl::StatusOr<Graph> BuildReferenceNetwork(const std::string& spec);

std::vector<std::string> ReferenceNetworkNames();

}  // namespace boardloop
