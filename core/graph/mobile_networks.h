// MobileNetV2, ProxylessNAS and MnasNet as graphs. Used through reference_networks.h.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/graph/network_options.h"

namespace boardloop {

// Widths are rounded by RoundWidth to multiples of 8; the last convolution of 1280 channels grows
// with the width multiplier and does not shrink (Sandler et al. 2018).
absl::StatusOr<Graph> BuildMobileNetV2(const std::string& graph_name,
                                       const NetworkOptions& options);
absl::StatusOr<Graph> BuildProxylessMobile(const std::string& graph_name,
                                           const NetworkOptions& options);
absl::StatusOr<Graph> BuildMnasNetA1(const std::string& graph_name, const NetworkOptions& options);

}  // namespace boardloop
