// A subnet: one choice of kernel sizes, expand ratios and depths from a space (the genotype), with
// the width multiplier, resolution, classes and input channels that make it a network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/hash.h"
#include "core/base/random.h"
#include "core/space/space.h"

namespace boardloop {

struct BlockGene {
  int32_t kernel_size = 3;
  int32_t expand_ratio = 3;
  friend bool operator==(const BlockGene& a, const BlockGene& b) {
    return a.kernel_size == b.kernel_size && a.expand_ratio == b.expand_ratio;
  }
};

struct Subnet {
  std::string space;  // Name of the space.
  double width_mult = 1.0;
  int32_t resolution = 0;  // Input height and width in pixels.
  int32_t classes = 0;
  int32_t input_channels = 0;
  // One entry per stage of the space; its length is the stage's depth.
  std::vector<std::vector<BlockGene>> stages;
};

// The subnet file (docs/formats/subnet.md):
//   {"space": "mbv2-imagenet", "width_mult": 0.5, "resolution": 80, "classes": 2,
//    "input_channels": 3, "stages": [[{"kernel": 3, "expand": 6}, ...], ...]}
// All fields are required and unknown ones refused. Checks types and ranges that hold in any space;
// ValidateSubnet checks the genes against the space. `source` names the file in messages.
absl::StatusOr<Subnet> ParseSubnet(const std::string& json, const std::string& source);
std::string SubnetToJson(const Subnet& subnet);

// The ranges that hold in any space (space.h). INVALID_ARGUMENT names the field.
absl::Status CheckSubnetRanges(const Subnet& subnet);

// Genes outside the choices of `space`, or a stage too few: INVALID_ARGUMENT names the gene
// ("stages[2][1].kernel is 4, the space has 3, 5, 7"). An expand ratio in [1, 16], a kernel of 3, 5
// or 7 and a depth in [1, 16] that the space does not list are accepted when `any_gene` is set:
// released networks use e = 5 although the papers' space has 3, 4 and 6.
absl::Status ValidateSubnet(const Space& space, const Subnet& subnet, bool any_gene);

// Canonical text: one line, the same for equal subnets, e.g.
//   mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | 7e3 3e6 5e5 | ... | 7e3
std::string CanonicalText(const Subnet& subnet);
absl::StatusOr<Subnet> ParseCanonicalText(const std::string& text);
Hash128 HashSubnet(const Subnet& subnet);  // Of the canonical text.

// ---- Drawing. `space` is valid, and so are the subnets in it (genes may be any).

// Uniform over depths, then over each block's kernel size and expand ratio. Classes and input
// channels are the space's defaults.
Subnet SampleSubnet(const Space& space, double width_mult, int32_t resolution, Random& random);

// Redraws each gene with probability `rate`: a stage's depth, a block's kernel size and expand
// ratio (together, as Once-for-All does). A stage that grows draws its new blocks.
Subnet MutateSubnet(const Space& space, const Subnet& parent, double rate, Random& random);

// Gene by gene a fair coin between the parents: a stage's depth from one, each block from either
// (from the deeper parent where only it has the block). The parents agree in all but `stages`.
Subnet CrossSubnets(const Subnet& a, const Subnet& b, Random& random);

// The extremes of a space: largest (or smallest) depth, kernel size and expand ratio everywhere.
Subnet LargestSubnet(const Space& space, double width_mult, int32_t resolution);
Subnet SmallestSubnet(const Space& space, double width_mult, int32_t resolution);

}  // namespace boardloop
