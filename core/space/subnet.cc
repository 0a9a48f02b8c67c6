#include "core/space/subnet.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/space/range_checks.h"

namespace boardloop {
namespace {

using Choices = google::protobuf::RepeatedField<int32_t>;

// `any` widens the choices of a space to what any space could offer (already checked).
absl::Status CheckGene(const std::string& gene, int32_t value, const Choices& choices, bool any) {
  if (any || std::count(choices.begin(), choices.end(), value) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is %d, the space has %s", gene, value, absl::StrJoin(choices, ", ")));
}

absl::Status ValidateStage(const v1::Stage& choices, const std::vector<BlockGene>& stage, int index,
                           bool any_gene) {
  std::string name = absl::StrCat("stages[", index, "]");
  BL_RETURN_IF_ERROR(CheckGene("depth of " + name, static_cast<int32_t>(stage.size()),
                               choices.depths(), any_gene));
  for (size_t b = 0; b < stage.size(); ++b) {
    std::string block = absl::StrCat(name, "[", b, "]");
    BL_RETURN_IF_ERROR(
        CheckGene(block + ".kernel", stage[b].kernel_size, choices.kernel_sizes(), any_gene));
    BL_RETURN_IF_ERROR(
        CheckGene(block + ".expand", stage[b].expand_ratio, choices.expand_ratios(), any_gene));
  }
  return absl::OkStatus();
}

absl::Status CheckStageRanges(const std::vector<BlockGene>& stage, int index) {
  std::string name = absl::StrCat("stages[", index, "]");
  BL_RETURN_IF_ERROR(
      CheckRange("depth of " + name, static_cast<int64_t>(stage.size()), 1, kMaxDepth));
  for (size_t b = 0; b < stage.size(); ++b) {
    std::string block = absl::StrCat(name, "[", b, "]");
    BL_RETURN_IF_ERROR(CheckKernelSize(block + ".kernel", stage[b].kernel_size));
    BL_RETURN_IF_ERROR(CheckRange(block + ".expand", stage[b].expand_ratio, 1, kMaxExpandRatio));
  }
  return absl::OkStatus();
}

int32_t Draw(const Choices& choices, Random& random) {
  return choices[static_cast<int>(random.Below(static_cast<uint64_t>(choices.size())))];
}

BlockGene DrawBlock(const v1::Stage& stage, Random& random) {
  // Two statements: the order in which arguments are evaluated is not defined.
  BlockGene gene;
  gene.kernel_size = Draw(stage.kernel_sizes(), random);
  gene.expand_ratio = Draw(stage.expand_ratios(), random);
  return gene;
}

Subnet WithoutStages(const Space& space, double width_mult, int32_t resolution) {
  Subnet subnet;
  subnet.space = space.name();
  subnet.width_mult = width_mult;
  subnet.resolution = resolution;
  subnet.classes = space.classes();
  subnet.input_channels = space.input_channels();
  subnet.stages.resize(static_cast<size_t>(space.stages_size()));
  return subnet;
}

}  // namespace

absl::Status CheckSubnetRanges(const Subnet& subnet) {
  BL_RETURN_IF_ERROR(CheckSpaceName("space", subnet.space));
  BL_RETURN_IF_ERROR(CheckWidthMult("width_mult", subnet.width_mult));
  BL_RETURN_IF_ERROR(CheckRange("resolution", subnet.resolution, kMinResolution, kMaxResolution));
  BL_RETURN_IF_ERROR(CheckRange("classes", subnet.classes, 1, kMaxClasses));
  BL_RETURN_IF_ERROR(CheckRange("input_channels", subnet.input_channels, 1, kMaxInputChannels));
  BL_RETURN_IF_ERROR(
      CheckRange("number of stages", static_cast<int64_t>(subnet.stages.size()), 1, kMaxStages));
  for (size_t i = 0; i < subnet.stages.size(); ++i) {
    BL_RETURN_IF_ERROR(CheckStageRanges(subnet.stages[i], static_cast<int>(i)));
  }
  return absl::OkStatus();
}

absl::Status ValidateSubnet(const Space& space, const Subnet& subnet, bool any_gene) {
  if (subnet.space != space.name()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "space is \"%s\", the subnet is checked against \"%s\"", subnet.space, space.name()));
  }
  int stages = static_cast<int>(subnet.stages.size());
  if (stages != space.stages_size()) {
    return absl::InvalidArgumentError(absl::StrFormat("stages has %d entries, space %s has %d",
                                                      stages, space.name(), space.stages_size()));
  }
  BL_RETURN_IF_ERROR(CheckSubnetRanges(subnet));
  for (int i = 0; i < stages; ++i) {
    BL_RETURN_IF_ERROR(ValidateStage(space.stages(i), subnet.stages[i], i, any_gene));
  }
  return absl::OkStatus();
}

Subnet SampleSubnet(const Space& space, double width_mult, int32_t resolution, Random& random) {
  Subnet subnet = WithoutStages(space, width_mult, resolution);
  for (int i = 0; i < space.stages_size(); ++i) {
    const v1::Stage& choices = space.stages(i);
    subnet.stages[i].resize(static_cast<size_t>(Draw(choices.depths(), random)));
    for (BlockGene& gene : subnet.stages[i]) gene = DrawBlock(choices, random);
  }
  return subnet;
}

Subnet MutateSubnet(const Space& space, const Subnet& parent, double rate, Random& random) {
  Subnet child = parent;
  for (size_t i = 0; i < child.stages.size(); ++i) {
    const v1::Stage& choices = space.stages(static_cast<int>(i));
    std::vector<BlockGene>& stage = child.stages[i];
    size_t depth = stage.size();
    if (random.Chance(rate)) depth = static_cast<size_t>(Draw(choices.depths(), random));
    stage.resize(std::min(depth, stage.size()));
    for (BlockGene& gene : stage) {
      if (random.Chance(rate)) gene = DrawBlock(choices, random);
    }
    while (stage.size() < depth) stage.push_back(DrawBlock(choices, random));
  }
  return child;
}

Subnet CrossSubnets(const Subnet& a, const Subnet& b, Random& random) {
  Subnet child = a;
  for (size_t i = 0; i < child.stages.size(); ++i) {
    const std::vector<BlockGene>& other = b.stages[i];
    std::vector<BlockGene>& stage = child.stages[i];
    size_t depth = random.Chance(0.5) ? stage.size() : other.size();
    for (size_t k = 0; k < std::min(depth, other.size()); ++k) {
      if (k >= stage.size()) {
        stage.push_back(other[k]);
      } else if (random.Chance(0.5)) {
        stage[k] = other[k];
      }
    }
    stage.resize(depth);
  }
  return child;
}

Subnet LargestSubnet(const Space& space, double width_mult, int32_t resolution) {
  Subnet subnet = WithoutStages(space, width_mult, resolution);
  for (int i = 0; i < space.stages_size(); ++i) {
    const v1::Stage& s = space.stages(i);  // Choices ascend.
    BlockGene gene{*s.kernel_sizes().rbegin(), *s.expand_ratios().rbegin()};
    subnet.stages[i].assign(static_cast<size_t>(*s.depths().rbegin()), gene);
  }
  return subnet;
}

Subnet SmallestSubnet(const Space& space, double width_mult, int32_t resolution) {
  Subnet subnet = WithoutStages(space, width_mult, resolution);
  for (int i = 0; i < space.stages_size(); ++i) {
    const v1::Stage& s = space.stages(i);
    BlockGene gene{s.kernel_sizes(0), s.expand_ratios(0)};
    subnet.stages[i].assign(static_cast<size_t>(s.depths(0)), gene);
  }
  return subnet;
}

}  // namespace boardloop
