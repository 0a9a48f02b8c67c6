// Searches to begin with: Fashion-MNIST on a virtual board.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

std::vector<std::string> SearchPresetNames();

// "quick": minutes on two cores. "standard": the numbers of the papers, some hours.
// What CheckSpec accepts; a caller changes what it likes.
//
// NOT_FOUND  no such preset; the message lists the names
absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name);

// Drops what a preset says of data set, space, training and pairs, before a search in a super-network that is there already is
// laid over it: they are that super-network's, and the preset's are nobody's wish.
void DropTraining(v1::SearchSpec& preset);

// Before a spec is laid over another: with a population of its own, `over` does not keep the parents and children that `base` has
// for another one. They become 0, so that the coordinator chooses them in proportion; of crossovers and mutations, the one that `over`
// does not give becomes half of the population.
void ScaleEvolution(const v1::EvolutionSpec& over, v1::EvolutionSpec& base);

}  // namespace boardloop
