#include "core/graph/build_subnet.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/graph/inverted_block.h"

namespace boardloop {
namespace {

// Scales the base widths of one space for one subnet.
class Widths {
 public:
  Widths(const Space& space, double width_mult) : space_(space), width_mult_(width_mult) {}

  int32_t Scaled(int32_t base) const {
    return RoundWidth(base * width_mult_, space_.width_divisor());
  }
  // The last convolution does not shrink: it feeds the classifier, which needs the features.
  int32_t Mix() const {
    return RoundWidth(space_.mix_width() * std::max(1.0, width_mult_), space_.width_divisor());
  }
  int32_t Expanded(int32_t channels, int32_t ratio) const {
    return RoundWidth(static_cast<double>(channels) * ratio, space_.width_divisor());
  }

 private:
  const Space& space_;
  double width_mult_;
};

// Never a shortcut, even where a small width multiplier makes input and output channels equal.
int32_t AddFirstBlock(GraphBuilder& builder, const Space& space, const Widths& widths, int32_t x) {
  InvertedBlock block;
  block.mid_channels = builder.shape(x).channels;
  block.out_channels = widths.Scaled(space.first_block_width());
  block.kernel_size = space.first_block_kernel_size();
  block.shortcut = false;
  return AddInvertedBlock(builder, "first", x, block);
}

int32_t AddStage(GraphBuilder& builder, const v1::Stage& stage, const Widths& widths, int index,
                 const std::vector<BlockGene>& genes, int32_t x) {
  InvertedBlock block;
  block.out_channels = widths.Scaled(stage.width());
  for (size_t b = 0; b < genes.size(); ++b) {
    block.mid_channels = widths.Expanded(builder.shape(x).channels, genes[b].expand_ratio);
    block.kernel_size = genes[b].kernel_size;
    block.stride = b == 0 ? stage.stride() : 1;
    x = AddInvertedBlock(builder, absl::StrCat("s", index, "b", b), x, block);
  }
  return x;
}

}  // namespace

absl::StatusOr<Graph> BuildSubnet(const Space& space, const Subnet& subnet) {
  Widths widths(space, subnet.width_mult);
  GraphBuilder builder(
      absl::StrCat(space.name(), " w", subnet.width_mult, " r", subnet.resolution));
  int32_t x = builder.Input({subnet.resolution, subnet.resolution, subnet.input_channels});
  x = builder.Conv("stem", x, widths.Scaled(space.stem_width()),
                   CenteredWindow(space.stem_kernel_size(), space.stem_stride()),
                   Activation::kRelu6);
  x = AddFirstBlock(builder, space, widths, x);
  for (int i = 0; i < space.stages_size(); ++i) {
    x = AddStage(builder, space.stages(i), widths, i, subnet.stages[i], x);
  }
  if (space.mix_width() > 0) {
    x = builder.Conv("mix", x, widths.Mix(), Window(), Activation::kRelu6);
  }
  x = builder.Mean("mean", x);
  x = builder.FullyConnected("classifier", x, subnet.classes);
  return std::move(builder).Build({x});
}

}  // namespace boardloop
