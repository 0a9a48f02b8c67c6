// Which samples are held out of a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/data/dataset.h"

namespace boardloop {

// Draws `fraction` of the samples of each class, at least one and never all. A function of labels and seed.
// returns  by sample: whether it is held out
//
// INVALID_ARGUMENT  a class with fewer than two samples; the message names it
absl::StatusOr<std::vector<bool>> HoldOut(absl::Span<const int32_t> labels,
                                          const std::vector<std::string>& classes, double fraction,
                                          uint64_t seed);

// Whether a file is in the part that `fraction` of all names fall into: by the hash of its name, so that
// adding files moves no other.
bool HashFallsBelow(const std::string& name, double fraction, uint64_t seed);

// Moves the samples that are held out to `validation`, the others to `train`.
void Divide(Dataset all, const std::vector<bool>& held_out, Dataset& train, Dataset& validation);

// Brings samples that are in the order of their classes, as folders have them, into an order drawn from the seed. Others
// stay as they are: the usual files of numbered samples are mixed already.
void MixClasses(uint64_t seed, Dataset& dataset);

}  // namespace boardloop
