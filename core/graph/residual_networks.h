// ResNets (He et al. 2015) as graphs. Used through reference_networks.h.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/graph/network_options.h"

namespace boardloop {

absl::StatusOr<Graph> BuildResNet18(const std::string& graph_name, const NetworkOptions& options);
// With the stride on the 3x3 convolution of a bottleneck ("v1.5", as torchvision has it).
absl::StatusOr<Graph> BuildResNet50(const std::string& graph_name, const NetworkOptions& options);

}  // namespace boardloop
