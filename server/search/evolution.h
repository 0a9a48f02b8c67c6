// Evolution: which subnets a search looks at next. The first generation is drawn at random; each
// later one descends from the best candidates so far, by crossing two of them and by mutating one
// (Lin et al. 2020; Cai et al. 2020). Candidates stay eligible as parents for all later
// generations.
//
// Invariants:
//   (1) A generation is a function of the problem, its number and the individuals before it; not of
//       their order, of time, or of the number of threads. Its generator is that of item
//       `generation` of the search's seed.
//   (2) Every child fits the SRAM and flash limits as planned, and differs from every individual
//       and every other child.
//   (3) The number of draws is bounded: tries_per_child for each child wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "boardloop/v1/search.pb.h"
#include "boardloop/v1/training.pb.h"
#include "core/plan/network_facts.h"
#include "core/space/subnet.h"
#include "server/search/individual.h"

namespace boardloop {

using FactsFunction = std::function<absl::StatusOr<NetworkFacts>(const Subnet&)>;

struct EvolutionProblem {
  v1::SupernetSpec networks;    // Valid. Classes and input channels of 0 are those of the space.
  v1::EvolutionSpec evolution;  // With its defaults (WithDefaults, spec.h).
  v1::Objective objective = v1::OBJECTIVE_ACCURACY;
  v1::Limits limits;    // Effective ones: what SRAM and flash 0 stand for is filled in.
  uint64_t seed = 0;    // Of the search.
  FactsFunction facts;  // PlannedFacts; a pure function.
  int32_t tries_per_child = 200;
};

struct Child {
  Subnet subnet;
  NetworkFacts facts;
  v1::Candidate::Origin origin = v1::Candidate::ORIGIN_UNSPECIFIED;
  std::vector<int64_t> parents;  // Numbers of individuals.
};

struct Generation {
  std::vector<Child> children;
  // Why there are fewer than were asked for; empty when there are not.
  std::string shortfall;
  // No subnet of the space is left that was not looked at.
  bool exhausted = false;
};

// The facts of subnets of `networks` as planned by `options`.
FactsFunction PlannedFacts(const v1::SupernetSpec& networks, const PlanOptions& options);

// How many different subnets a space has at one width multiplier and resolution.
double CountSubnets(const Space& space);

// Generation 0.
//
// RESOURCE_EXHAUSTED  nothing that was drawn fits; the message names the closest and what it needs
// Other errors are those of `facts`.
absl::StatusOr<Generation> FirstGeneration(const EvolutionProblem& problem);

// Generation `generation`, at least 1. Its crossovers come first, then its mutations. A crossover
// that gives nothing new within its tries, or has no second parent, is replaced by a mutation. No
// child at all is not an error: the generation says why.
//
// INVALID_ARGUMENT  no individuals
// Other errors are those of `facts`.
absl::StatusOr<Generation> NextGeneration(const EvolutionProblem& problem, int32_t generation,
                                          absl::Span<const Individual> individuals);

}  // namespace boardloop
