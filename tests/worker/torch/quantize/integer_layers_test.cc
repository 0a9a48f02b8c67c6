// Gradients of the integer layers; their values are held to core/quant by simulate_test.cc.
#include "worker/torch/quantize/integer_layers.h"

#include <vector>

#include "ATen/ATen.h"
#include "core/quant/fixed_point.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

// Integers in [-range, range].
at::Tensor Integers(at::IntArrayRef sizes, int64_t range, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randint(-range, range + 1, sizes, generator, at::TensorOptions().dtype(at::kFloat));
}

Requantization MakeRequantization(const std::vector<double>& multipliers,
                                  const std::vector<int32_t>& bias, bool real) {
  Requantization to;
  std::vector<int32_t> mantissa, shift;
  std::vector<float> scale, offset;
  for (size_t c = 0; c < multipliers.size(); ++c) {
    const FixedMultiplier fixed = QuantizeMultiplier(multipliers[c]);
    mantissa.push_back(fixed.mantissa);
    shift.push_back(fixed.shift);
    scale.push_back(static_cast<float>(multipliers[c]));
    offset.push_back(static_cast<float>(multipliers[c] * bias[c]));
  }
  to.bias = at::tensor(bias), to.mantissa = at::tensor(mantissa), to.shift = at::tensor(shift);
  to.scale = at::tensor(scale), to.offset = at::tensor(offset);
  if (real) to.real_multiplier = at::tensor(multipliers);
  return to;
}

// The real function that Requantize rounds, for autograd.
at::Tensor RealRequantize(const at::Tensor& sums, const at::Tensor& bias,
                          const Requantization& to) {
  const std::vector<int64_t> shape =
      sums.dim() == 4 ? std::vector<int64_t>{1, -1, 1, 1} : std::vector<int64_t>{1, -1};
  return ((sums + bias.view(shape)) * to.scale.view(shape)).clamp(to.low(), to.high());
}

void ExpectSameGradients(const at::Tensor& sums, const Requantization& to, double tolerance) {
  const at::Tensor x = sums.detach().clone().requires_grad_(true);
  const at::Tensor bias = to.bias.to(at::kFloat).requires_grad_(true);
  const at::Tensor real_x = sums.detach().clone().requires_grad_(true);
  const at::Tensor real_bias = to.bias.to(at::kFloat).requires_grad_(true);
  const at::Tensor y = Requantize(x, bias, to);
  const at::Tensor real_y = RealRequantize(real_x, real_bias, to);
  EXPECT_LE((y - real_y).abs().max().item<float>(), 0.5001f);
  const at::Tensor weights = at::rand_like(y);
  (y * weights).sum().backward();
  (real_y * weights).sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), real_x.grad(), tolerance, tolerance));
  EXPECT_TRUE(at::allclose(bias.grad(), real_bias.grad(), tolerance, tolerance));
}

TEST(IntegerLayersTest, RequantizationHasTheGradientOfItsRealFunction) {
  const at::Tensor sums =
      Integers({3, 5, 4, 7}, 9000, 1).contiguous(at::MemoryFormat::ChannelsLast);
  Requantization to = MakeRequantization({0.01, 0.02, 0.003, 0.5, 1.7}, {5, -600, 0, 77, 3}, false);
  to.zero_point = -100;
  to.range = {-100, 90};
  ExpectSameGradients(sums, to, 1e-4);                  // The kernel for CPUs.
  ExpectSameGradients(sums.to(at::kDouble), to, 1e-4);  // Tensors.
}

TEST(IntegerLayersTest, FullyConnectedOutputsHaveTheGradientOfTheirRealFunction) {
  Requantization to = MakeRequantization({0.01, 0.02, 0.003}, {5, -600, 9}, true);
  to.zero_point = 7;
  ExpectSameGradients(Integers({6, 3}, 9000, 2), to, 1e-4);
}

TEST(IntegerLayersTest, TiesOfFullyConnectedOutputsGoAwayFromZero) {
  const Requantization to = MakeRequantization({0.5}, {0}, true);
  const at::Tensor sums = at::tensor({1.0f, -1.0f, 3.0f, -3.0f, 5.0f, 2.0f}).view({6, 1});
  EXPECT_TRUE(at::equal(Requantize(sums, at::Tensor(), to).flatten(),
                        at::tensor({1.0f, -1.0f, 2.0f, -2.0f, 3.0f, 1.0f})));
}

TEST(IntegerLayersTest, TheTwoWaysOfRequantizationAgree) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const at::Tensor sums =
        Integers({2, 9, 5, 5}, 1 << (seed + 4), seed).contiguous(at::MemoryFormat::ChannelsLast);
    const Requantization to =
        MakeRequantization({1e-7, 0.000031, 0.004, 0.03, 0.25, 0.5, 0.7, 1, 3.3},
                           {1, -1, 1 << 20, -(1 << 20), 2, 64, -3, 0, (1 << 30) - 1}, false);
    EXPECT_TRUE(at::equal(Requantize(sums, at::Tensor(), to),
                          Requantize(sums.to(at::kDouble), at::Tensor(), to)))
        << "seed " << seed;
  }
}

TEST(IntegerLayersTest, ConvolutionsInFloatAndDoubleHaveEqualValuesAndGradients) {
  const Window window = CenteredWindow(3, 2);
  for (const bool depthwise : {false, true}) {
    std::vector<at::Tensor> values, input_grads, filter_grads;
    for (const bool in_double : {false, true}) {
      const at::Tensor x = Integers({2, 6, 7, 8}, 255, 3)
                               .contiguous(at::MemoryFormat::ChannelsLast)
                               .requires_grad_(true);
      const at::Tensor filter = depthwise ? Integers({3, 3, 6}, 127, 4).requires_grad_(true)
                                          : Integers({5, 3, 3, 6}, 127, 4).requires_grad_(true);
      const at::Tensor y = depthwise ? SumDepthwise(x, filter, window, in_double)
                                     : SumDense(x, filter, window, in_double);
      (y * y).sum().backward();
      values.push_back(y.to(at::kFloat));
      input_grads.push_back(x.grad());
      filter_grads.push_back(filter.grad());
    }
    EXPECT_TRUE(at::equal(values[0], values[1]));
    EXPECT_TRUE(at::allclose(input_grads[0], input_grads[1], 1e-4, 1e-2));
    EXPECT_TRUE(at::allclose(filter_grads[0], filter_grads[1], 1e-4, 1e-2));
  }
}

TEST(IntegerLayersTest, AnAddPassesGradientsInsideItsRangeAlone) {
  const Quantization a{0.1f, 0}, b{0.2f, 0}, out{0.1f, 0};
  const Addition addition =
      MakeAddition(PrepareAdd(a, b, out, Activation::kNone).value(), a, b, out, at::kCPU);
  const at::Tensor x = at::tensor({3.0f, 100.0f}).view({1, 2, 1, 1}).requires_grad_(true);
  const at::Tensor y = at::tensor({5.0f, 100.0f}).view({1, 2, 1, 1}).requires_grad_(true);
  const at::Tensor sum = AddIntegers(x, y, addition);
  EXPECT_TRUE(at::equal(sum.detach().flatten(), at::tensor({13.0f, 127.0f})));
  sum.sum().backward();
  EXPECT_TRUE(at::allclose(x.grad().flatten(), at::tensor({1.0f, 0.0f})));
  EXPECT_TRUE(at::allclose(y.grad().flatten(), at::tensor({2.0f, 0.0f})));
}

}  // namespace
}  // namespace boardloop
