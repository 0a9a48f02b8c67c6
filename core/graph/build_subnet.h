// Subnet -> Graph: the only place that turns genes into operators and shapes.
#pragma once

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/space/space.h"
#include "core/space/subnet.h"

namespace boardloop {

// Builds the network of `subnet`: stem, first separable block, inverted residual blocks (expand
// 1x1, depthwise, project 1x1; a shortcut ADD where stride is 1 and channels agree), the optional
// mix convolution, global average (kMean), classifier (kFullyConnected). `space` is the space that
// `subnet.space` names and the subnet is valid in it (ValidateSubnet, core/space/subnet.h).
//
// Operators are named after the genes, counted from 0 as in a subnet file: "stem", "first.project",
// "s2b1.expand" (stages[2][1]), "mix", "mean", "classifier".
//
// INVALID_ARGUMENT  widths so large that a shape leaves the limits of a Graph
absl::StatusOr<Graph> BuildSubnet(const Space& space, const Subnet& subnet);

}  // namespace boardloop
