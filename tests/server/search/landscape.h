// A made-up world for the algorithms of a search: a small space, and an accuracy that needs no
// training.
#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "core/space/space.h"
#include "core/space/subnet.h"
#include "glog/logging.h"
#include "server/search/evolution.h"

namespace boardloop {

inline Space SmallImageSpace() {
  absl::StatusOr<Space> space = SpacePreset("mbv2-small-image");
  CHECK(space.ok()) << space.status();
  return *std::move(space);
}

// 3 kernel sizes x 2 expand ratios in one block, or in two: 6 + 36 subnets.
inline Space TinySpace() {
  Space space = SmallImageSpace();
  space.set_name("tiny");
  v1::Stage stage = space.stages(0);
  stage.clear_depths();
  stage.add_depths(1);
  stage.add_depths(2);
  stage.mutable_expand_ratios()->RemoveLast();
  space.clear_stages();
  *space.add_stages() = stage;
  return space;
}

// A problem without limits.
inline EvolutionProblem Problem(const Space& space, uint64_t seed) {
  EvolutionProblem problem;
  *problem.networks.mutable_space() = space;
  problem.networks.set_width_mult(0.2);
  problem.networks.set_resolution(28);
  problem.networks.set_input_channels(1);
  problem.evolution.set_population(24);
  problem.evolution.set_parents(8);
  problem.evolution.set_crossovers(12);
  problem.evolution.set_mutations(12);
  problem.evolution.set_mutation_rate(0.1);
  problem.seed = seed;
  PlanOptions options;
  options.patch = false;
  problem.facts = PlannedFacts(problem.networks, options);
  return problem;
}

// Each block adds something, most with the genes that a hidden taste prefers: rugged enough that
// luck alone does not climb it, smooth enough that good parents have good children.
inline double Taste(const Subnet& subnet) {
  double sum = 0;
  for (size_t s = 0; s < subnet.stages.size(); ++s) {
    for (size_t b = 0; b < subnet.stages[s].size(); ++b) {
      const BlockGene& gene = subnet.stages[s][b];
      const double kernel = 3 + 2 * static_cast<double>((s + b) % 3);
      const double expand = (s + 2 * b) % 2 == 0 ? 6 : 3;
      sum += 1 - 0.2 * std::abs(gene.kernel_size - kernel) -
             0.1 * std::abs(gene.expand_ratio - expand);
    }
  }
  return 1 - std::exp(-0.1 * (sum + 2));
}

inline Individual Evaluated(const Child& child, int64_t number) {
  Individual individual;
  individual.number = number;
  individual.subnet = child.subnet;
  individual.top1 = Taste(child.subnet);
  individual.latency_ms = static_cast<double>(child.facts.macs) * 1e-5;
  individual.sram_bytes = child.facts.sram_bytes;
  individual.feasible = true;
  return individual;
}

}  // namespace boardloop
