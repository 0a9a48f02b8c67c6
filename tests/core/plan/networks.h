// Networks of the papers that several planner tests use.
#pragma once

#include <string>

#include "core/graph/build_subnet.h"
#include "core/graph/graph.h"
#include "core/graph/reference_networks.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "glog/logging.h"

namespace boardloop {

inline Graph SubnetGraph(const std::string& canonical_text) {
  absl::StatusOr<Subnet> subnet = ParseCanonicalText(canonical_text);
  CHECK(subnet.ok()) << subnet.status();
  absl::StatusOr<Space> space = SpacePreset(subnet->space);
  CHECK(space.ok()) << space.status();
  absl::StatusOr<Graph> graph = BuildSubnet(*space, *subnet);
  CHECK(graph.ok()) << graph.status();
  return *std::move(graph);
}

// MCUNet's visual wake words network for 5 frames a second.
inline Graph Vww1() {
  return SubnetGraph(
      "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | 7e3 3e6 5e5 | 7e6 7e6 | 3e6 3e4 | 5e5 3e5 3e4 "
      "| 7e3");
}

// MCUNet's ImageNet network for 320 kB.
inline Graph In3() {
  return SubnetGraph(
      "mbv2-imagenet w0.5 r176 c1000 i3 | 7e3 3e5 7e5 5e4 | 5e5 5e5 5e5 | 3e5 7e6 5e4 | 5e5 7e5 "
      "3e5 "
      "| 3e6 7e5 3e4 | 7e5");
}

inline Graph ReferenceGraph(const std::string& spec) {
  absl::StatusOr<Graph> graph = BuildReferenceNetwork(spec);
  CHECK(graph.ok()) << graph.status();
  return *std::move(graph);
}

}  // namespace boardloop
