#include "core/graph/mobile_networks.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/graph/inverted_block.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr int32_t kWidthDivisor = 8;
constexpr int32_t kStemWidth = 32;
constexpr int32_t kLastWidth = 1280;

// A row of the tables in the papers: `count` blocks of the same width, of which the first strides.
// Stride 1 of one row after another continues a stage.
struct Row {
  int32_t expand;
  int32_t kernel_size;
  int32_t width;
  int count;
  int32_t stride;
  bool squeeze;  // Squeeze-and-excite.
};

// Sandler et al. 2018, table 2.
const std::vector<Row>& MobileNetV2Rows() {
  static const std::vector<Row> rows = {
      {1, 3, 16, 1, 1, false},  {6, 3, 24, 2, 2, false}, {6, 3, 32, 3, 2, false},
      {6, 3, 64, 4, 2, false},  {6, 3, 96, 3, 1, false}, {6, 3, 160, 3, 2, false},
      {6, 3, 320, 1, 1, false},
  };
  return rows;
}

// Cai et al. 2019, figure 4: the network found for the mobile phone.
const std::vector<Row>& ProxylessMobileRows() {
  static const std::vector<Row> rows = {
      {1, 3, 16, 1, 1, false},                                                       // 112x112
      {3, 5, 32, 1, 2, false},  {3, 3, 32, 1, 1, false},                             // 56x56
      {3, 7, 40, 1, 2, false},  {3, 3, 40, 1, 1, false},  {3, 5, 40, 2, 1, false},   // 28x28
      {6, 7, 80, 1, 2, false},  {3, 5, 80, 3, 1, false},                             // 14x14
      {6, 5, 96, 1, 1, false},  {3, 5, 96, 3, 1, false},                             // 14x14
      {6, 7, 192, 1, 2, false}, {6, 7, 192, 1, 1, false}, {3, 7, 192, 2, 1, false},  // 7x7
      {6, 7, 320, 1, 1, false},                                                      // 7x7
  };
  return rows;
}

// Tan et al. 2019, figure 7.
const std::vector<Row>& MnasNetA1Rows() {
  static const std::vector<Row> rows = {
      {1, 3, 16, 1, 1, false},  {6, 3, 24, 2, 2, false}, {3, 5, 40, 3, 2, true},
      {6, 3, 80, 4, 2, false},  {6, 3, 112, 2, 1, true}, {6, 5, 160, 3, 2, true},
      {6, 3, 320, 1, 1, false},
  };
  return rows;
}

// Squeeze-and-excite narrows to a quarter of the block's input channels, not of the expanded ones.
InvertedBlock BlockOfRow(const Row& row, int32_t in_channels, int32_t out_channels,
                         Activation activation) {
  InvertedBlock block;
  block.mid_channels = in_channels * row.expand;
  block.out_channels = out_channels;
  block.kernel_size = row.kernel_size;
  block.squeeze_channels = row.squeeze ? std::max(1, in_channels / 4) : 0;
  block.activation = activation;
  return block;
}

absl::StatusOr<Graph> BuildMobileNetwork(const std::string& graph_name,
                                         const std::vector<Row>& rows, Activation activation,
                                         const NetworkOptions& options) {
  GraphBuilder builder(graph_name);
  auto scaled = [](double width) { return RoundWidth(width, kWidthDivisor); };
  int32_t x = builder.Input({options.resolution, options.resolution, options.input_channels});
  x = builder.Conv("stem", x, scaled(kStemWidth * options.width_mult), CenteredWindow(3, 2),
                   activation);
  int index = 0;
  for (const Row& row : rows) {
    for (int i = 0; i < row.count; ++i) {
      InvertedBlock block = BlockOfRow(row, builder.shape(x).channels,
                                       scaled(row.width * options.width_mult), activation);
      block.stride = i == 0 ? row.stride : 1;
      x = AddInvertedBlock(builder, absl::StrCat("b", index++), x, block);
    }
  }
  x = builder.Conv("last", x, scaled(kLastWidth * std::max(1.0, options.width_mult)), Window(),
                   activation);
  x = builder.Mean("mean", x);
  x = builder.FullyConnected("classifier", x, options.classes);
  return std::move(builder).Build({x});
}

}  // namespace

absl::StatusOr<Graph> BuildMobileNetV2(const std::string& graph_name,
                                       const NetworkOptions& options) {
  return BuildMobileNetwork(graph_name, MobileNetV2Rows(), Activation::kRelu6, options);
}

absl::StatusOr<Graph> BuildProxylessMobile(const std::string& graph_name,
                                           const NetworkOptions& options) {
  return BuildMobileNetwork(graph_name, ProxylessMobileRows(), Activation::kRelu6, options);
}

absl::StatusOr<Graph> BuildMnasNetA1(const std::string& graph_name, const NetworkOptions& options) {
  return BuildMobileNetwork(graph_name, MnasNetA1Rows(), Activation::kRelu, options);
}

}  // namespace boardloop
