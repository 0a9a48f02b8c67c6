#include "core/graph/residual_networks.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr int32_t kWidthDivisor = 8;
constexpr int32_t kBottleneckExpansion = 4;

struct ResNet {
  int blocks[4];    // Of each stage.
  bool bottleneck;  // 1x1, 3x3, 1x1 instead of two 3x3.
};

int32_t AddBasicBranch(GraphBuilder& builder, const std::string& name, int32_t x, int32_t width,
                       int32_t stride) {
  x = builder.Conv(name + ".conv1", x, width, CenteredWindow(3, stride), Activation::kRelu);
  return builder.Conv(name + ".conv2", x, width, CenteredWindow(3, 1), Activation::kNone);
}

int32_t AddBottleneckBranch(GraphBuilder& builder, const std::string& name, int32_t x,
                            int32_t width, int32_t stride) {
  x = builder.Conv(name + ".conv1", x, width, Window(), Activation::kRelu);
  x = builder.Conv(name + ".conv2", x, width, CenteredWindow(3, stride), Activation::kRelu);
  return builder.Conv(name + ".conv3", x, width * kBottleneckExpansion, Window(),
                      Activation::kNone);
}

// The shortcut is a strided 1x1 convolution where the branch changes the shape.
int32_t AddResidualBlock(GraphBuilder& builder, const std::string& name, int32_t input,
                         int32_t width, int32_t stride, bool bottleneck) {
  int32_t branch = bottleneck ? AddBottleneckBranch(builder, name, input, width, stride)
                              : AddBasicBranch(builder, name, input, width, stride);
  int32_t channels = builder.shape(branch).channels;
  int32_t shortcut = input;
  if (stride != 1 || channels != builder.shape(input).channels) {
    shortcut = builder.Conv(name + ".shortcut", input, channels, CenteredWindow(1, stride),
                            Activation::kNone);
  }
  return builder.AddTensors(name + ".add", branch, shortcut, Activation::kRelu);
}

absl::StatusOr<Graph> BuildResNet(const std::string& graph_name, const ResNet& net,
                                  const NetworkOptions& options) {
  GraphBuilder builder(graph_name);
  auto scaled = [&](int32_t base) { return RoundWidth(base * options.width_mult, kWidthDivisor); };
  int32_t x = builder.Input({options.resolution, options.resolution, options.input_channels});
  x = builder.Conv("stem", x, scaled(64), CenteredWindow(7, 2), Activation::kRelu);
  x = builder.MaxPool("pool", x, CenteredWindow(3, 2));
  for (int s = 0; s < 4; ++s) {
    for (int b = 0; b < net.blocks[s]; ++b) {
      int32_t stride = s > 0 && b == 0 ? 2 : 1;
      x = AddResidualBlock(builder, absl::StrCat("s", s, "b", b), x, scaled(64 << s), stride,
                           net.bottleneck);
    }
  }
  x = builder.Mean("mean", x);
  x = builder.FullyConnected("classifier", x, options.classes);
  return std::move(builder).Build({x});
}

}  // namespace

absl::StatusOr<Graph> BuildResNet18(const std::string& graph_name, const NetworkOptions& options) {
  return BuildResNet(graph_name, {{2, 2, 2, 2}, /*bottleneck=*/false}, options);
}

absl::StatusOr<Graph> BuildResNet50(const std::string& graph_name, const NetworkOptions& options) {
  return BuildResNet(graph_name, {{3, 4, 6, 3}, /*bottleneck=*/true}, options);
}

}  // namespace boardloop
