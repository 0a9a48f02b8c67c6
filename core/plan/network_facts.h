// What is known of a network before it runs: sizes and digests. Coordinator and agents ask this one
// place, so that what they say of a network can be compared.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/plan/plan.h"
#include "core/space/space.h"
#include "core/space/subnet.h"

namespace boardloop {

// Digests are 32 hexadecimal digits.
struct NetworkFacts {
  std::string graph_digest;
  std::string plan_digest;
  int64_t macs = 0;  // Of the graph; with patches the plan executes more (PatchPlan::macs).
  int64_t params = 0;
  int64_t sram_bytes = 0;   // Arena and scratch, as planned.
  int64_t flash_bytes = 0;  // Beside code, at most (flash_use.h).
  bool fits_sram = true;    // Plan::meets_limit.
};

// Texts in which every field that changes what a board executes is written once, in a fixed order:
// equal texts, equal programs but for the weights. The names of the graph and its tensors are left
// out; those of operators are in, as measurements repeat them. The first line carries a version.
std::string DigestText(const Graph& graph);
std::string DigestText(const Plan& plan);

// `plan` is a plan of `graph`.
NetworkFacts FactsOf(const Graph& graph, const Plan& plan);

struct PlannedNetwork {
  Graph graph;
  Plan plan;
  NetworkFacts facts;
};

// A subnet that is valid in `space`, as it is planned by `options`.
//
// The errors of BuildSubnet and PlanGraph.
absl::StatusOr<PlannedNetwork> PlanSubnet(const Space& space, const Subnet& subnet,
                                          const PlanOptions& options);

}  // namespace boardloop
