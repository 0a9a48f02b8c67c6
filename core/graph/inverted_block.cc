#include "core/graph/inverted_block.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop {
namespace {

// Scales each channel of `input` by a number in (0, 1) made from the means of all channels.
int32_t AddSqueezeAndExcite(GraphBuilder& builder, const std::string& name, int32_t input,
                            int32_t squeeze_channels) {
  int32_t channels = builder.shape(input).channels;
  int32_t x = builder.Mean(absl::StrCat(name, ".se_mean"), input);
  x = builder.Conv(absl::StrCat(name, ".se_reduce"), x, squeeze_channels, Window(),
                   Activation::kRelu);
  x = builder.Conv(absl::StrCat(name, ".se_expand"), x, channels, Window(), Activation::kNone);

  Op gate;
  gate.kind = OpKind::kSigmoid;
  gate.name = absl::StrCat(name, ".se_gate");
  gate.inputs = {x};
  x = builder.Add(std::move(gate));

  Op scale;
  scale.kind = OpKind::kMul;
  scale.name = absl::StrCat(name, ".se_scale");
  scale.inputs = {input, x};
  return builder.Add(std::move(scale));
}

}  // namespace

int32_t AddInvertedBlock(GraphBuilder& builder, const std::string& name, int32_t input,
                         const InvertedBlock& block) {
  int32_t in_channels = builder.shape(input).channels;
  int32_t x = input;
  if (block.mid_channels != in_channels) {
    x = builder.Conv(absl::StrCat(name, ".expand"), x, block.mid_channels, Window(),
                     block.activation);
  }
  x = builder.Depthwise(absl::StrCat(name, ".depthwise"), x,
                        CenteredWindow(block.kernel_size, block.stride), block.activation);
  if (block.squeeze_channels > 0) {
    x = AddSqueezeAndExcite(builder, name, x, block.squeeze_channels);
  }
  x = builder.Conv(absl::StrCat(name, ".project"), x, block.out_channels, Window(),
                   Activation::kNone);
  bool shortcut = block.shortcut && block.stride == 1 && block.out_channels == in_channels;
  return shortcut ? builder.AddTensors(absl::StrCat(name, ".add"), input, x, Activation::kNone) : x;
}

}  // namespace boardloop
