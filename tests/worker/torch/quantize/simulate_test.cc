#include "worker/torch/quantize/simulate.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/quant/interpreter.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "worker/data/dataset.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

constexpr int64_t kImages = 64;

Model ImageModel(const Graph& graph, uint64_t seed) {
  Model model = RandomModel(graph, seed);
  model.quantization[graph.input] = {kInputScale, kInputZeroPoint};
  return model;
}

Graph RandomSubnet(uint64_t seed) {
  const Space space = SpacePreset("mbv2-small-image").value();
  Random random(seed);
  return BuildSubnet(space, SampleSubnet(space, 0.2, 28, random)).value();
}

std::vector<uint8_t> RandomBytes(int64_t count, uint64_t seed, uint8_t darkest) {
  Random random(seed);
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < count; ++i)
    bytes.push_back(static_cast<uint8_t>(random.Between(darkest, 255)));
  return bytes;
}

// [n][c][height][width] in [0, 1], channels last, as DeviceData gives them.
at::Tensor Images(const std::vector<uint8_t>& bytes, const Shape& shape) {
  at::Tensor pixels = at::empty({kImages, shape.height, shape.width, shape.channels}, at::kByte);
  std::copy(bytes.begin(), bytes.end(), pixels.data_ptr<uint8_t>());
  return pixels.to(at::kFloat).mul_(kInputScale).permute({0, 3, 1, 2});
}

// [image][values in HWC order] by operator.
std::vector<at::Tensor> SimulatedValues(const Model& model, const at::Tensor& images,
                                        bool in_double) {
  SimulatedNetwork::Options options;
  options.in_double = in_double;
  const SimulatedNetwork network = SimulatedNetwork::Create(model, options).value();
  std::vector<at::Tensor> values(model.graph.ops.size());
  at::NoGradGuard no_grad;
  network.Forward(images, network.weights(), [&](size_t op, const at::Tensor& output) {
    const at::Tensor q = output + model.quantization[model.graph.ops[op].output].zero_point;
    values[op] = (q.dim() == 4 ? q.permute({0, 2, 3, 1}) : q).flatten(1).to(at::kChar).contiguous();
  });
  return values;
}

// The first value that differs, or "".
std::string Difference(const Model& model, bool in_double, uint64_t seed, uint8_t darkest = 0) {
  const Shape& shape = model.graph.shape(model.graph.input);
  const std::vector<uint8_t> bytes = RandomBytes(kImages * shape.elements(), seed, darkest);
  const std::vector<at::Tensor> simulated = SimulatedValues(model, Images(bytes, shape), in_double);
  Interpreter interpreter = Interpreter::Create(model).value();
  std::vector<int8_t> input(shape.elements());
  for (int64_t n = 0; n < kImages; ++n) {
    for (size_t i = 0; i < input.size(); ++i) {
      input[i] = static_cast<int8_t>(bytes[n * input.size() + i] + kInputZeroPoint);
    }
    EXPECT_THAT(interpreter.Run(input), IsOk());
    for (size_t i = 0; i < simulated.size(); ++i) {
      const absl::Span<const int8_t> exact = interpreter.Tensor(model.graph.ops[i].output);
      const int8_t* values = simulated[i].data_ptr<int8_t>() + n * exact.size();
      for (size_t k = 0; k < exact.size(); ++k) {
        if (values[k] == exact[k]) continue;
        return model.graph.ops[i].name + " image " + std::to_string(n) + " value " +
               std::to_string(k) + ": " + std::to_string(values[k]) + ", must be " +
               std::to_string(exact[k]);
      }
    }
  }
  return "";
}

class SimulateTest : public testing::TestWithParam<bool> {};  // In double.

TEST_P(SimulateTest, EveryTensorIsTheInterpreters) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    EXPECT_EQ(Difference(ImageModel(RandomSubnet(seed), seed), GetParam(), seed), "")
        << "seed " << seed;
  }
}

TEST_P(SimulateTest, AlsoWhereMostOutputsSaturateAndZeroPointsAreAnything) {
  for (uint64_t seed = 10; seed < 13; ++seed) {
    Model model = ImageModel(RandomSubnet(seed), seed);
    Random random(seed);
    for (const Op& op : model.graph.ops) {
      Quantization& quantization = model.quantization[op.output];
      quantization.scale *= static_cast<float>(0.1 + random.Unit());
      quantization.zero_point = static_cast<int32_t>(random.Between(-128, 127));
    }
    EXPECT_EQ(Difference(model, GetParam(), seed), "") << "seed " << seed;
  }
}

TEST_P(SimulateTest, AlsoWhereTheOperandsOfAnAddHaveVeryDifferentScales) {
  for (uint64_t seed = 20; seed < 23; ++seed) {
    Model model = ImageModel(RandomSubnet(seed), seed);
    Random random(seed);
    for (const Op& op : model.graph.ops) {
      if (op.kind != OpKind::kAdd) continue;
      model.quantization[op.inputs[0]].scale *= 300;
      model.quantization[op.inputs[1]].scale *= static_cast<float>(random.Unit());
    }
    EXPECT_EQ(Difference(model, GetParam(), seed), "") << "seed " << seed;
  }
}

// As training leaves them: channels of very different size, biases that dominate, few large weights.
TEST_P(SimulateTest, AlsoWithUnevenWeightsAndLargeBiases) {
  for (uint64_t seed = 30; seed < 33; ++seed) {
    Model model = ImageModel(RandomSubnet(seed), seed);
    Random random(seed);
    for (OpWeights& weights : model.weights) {
      weights.per_tensor = false;
      for (float& scale : weights.filter_scales)
        scale *= static_cast<float>(4 * random.Unit() + 0.01);
      for (int32_t& bias : weights.bias) bias = static_cast<int32_t>(random.Between(-60000, 60000));
      for (int8_t& weight : weights.filter) {
        if (random.Chance(0.8)) weight = static_cast<int8_t>(weight / 16);
      }
    }
    EXPECT_EQ(Difference(model, GetParam(), seed), "") << "seed " << seed;
  }
}

Graph WideConvolution(const Window& window) {
  GraphBuilder builder("wide");
  const int32_t input = builder.Input({5, 6, 64});
  const int32_t wide = builder.Conv("conv", input, 12, window, Activation::kRelu6);
  const int32_t depthwise = builder.Depthwise("depthwise", wide, window, Activation::kNone);
  const int32_t mean = builder.Mean("mean", depthwise);
  const int32_t classes = builder.FullyConnected("classifier", mean, 3);
  return std::move(builder).Build({classes}).value();
}

// Sums of some 32 million, which the bias brings near 0 and which the output shows to the unit.
TEST_P(SimulateTest, SumsBeyondFloatsIntegersAreExactToo) {
  GraphBuilder builder("wide");
  const int32_t input = builder.Input({5, 6, 1024});
  const int32_t wide = builder.Conv("conv", input, 12, CenteredWindow(1, 1), Activation::kNone);
  Model model = ImageModel(std::move(builder).Build({wide}).value(), 1);
  model.quantization[wide] = {kInputScale, 0};
  Random random(1);
  OpWeights& weights = model.weights[0];
  weights.filter_scales.assign(12, 1);
  weights.bias.assign(12, 0);
  for (size_t i = 0; i < weights.filter.size(); ++i) {
    weights.filter[i] = random.Chance(0.5) ? 127 : 126;
    weights.bias[i / 1024] -= weights.filter[i] * 252;
  }
  EXPECT_EQ(Difference(model, GetParam(), 1, /*darkest=*/249), "");
}

TEST_P(SimulateTest, WindowsNeedNotBeSquareNorPaddedEvenly) {
  Window window;
  window.kernel_h = 3, window.kernel_w = 2;
  window.stride_h = 1, window.stride_w = 2;
  window.pad_top = 1, window.pad_right = 1;
  EXPECT_EQ(Difference(ImageModel(WideConvolution(window), 2), GetParam(), 2), "");
}

INSTANTIATE_TEST_SUITE_P(Arithmetic, SimulateTest, testing::Values(false, true),
                         [](const auto& in) { return in.param ? "Double" : "Kernels"; });

TEST(SimulateRefusalTest, AnUnknownOperatorIsNamed) {
  GraphBuilder builder("pool");
  const int32_t pool = builder.MaxPool("pool", builder.Input({8, 8, 3}), CenteredWindow(3, 2));
  const Graph graph = std::move(builder).Build({pool}).value();
  Model model = RandomModel(graph, 1);
  model.quantization.assign(graph.tensors.size(), {kInputScale, kInputZeroPoint});
  EXPECT_THAT(SimulatedNetwork::Create(model, {}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("pool (MAX_POOL_2D)")));
}

TEST(SimulateRefusalTest, AnInputThatIsNoImageIsTold) {
  const Model model = RandomModel(RandomSubnet(1), 1);
  EXPECT_THAT(SimulatedNetwork::Create(model, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("images have 1/255")));
}

TEST(SimulateRefusalTest, ScalesThatCoreQuantRefusesAreTold) {
  Model model = ImageModel(RandomSubnet(1), 1);
  model.quantization[model.graph.ops[0].output].scale = 1e-30f;
  EXPECT_THAT(SimulatedNetwork::Create(model, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stem")));
}

}  // namespace
}  // namespace boardloop
