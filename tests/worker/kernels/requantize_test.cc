#include "worker/kernels/requantize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "core/quant/fixed_point.h"
#include "core/quant/requantization.h"
#include "gtest/gtest.h"
#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

class RequantizeTest : public testing::TestWithParam<const Variant*> {
 protected:
  RequantizeTest() { UseVariant(GetParam()); }
  ~RequantizeTest() override { UseVariant(nullptr); }
};

struct Layer {
  std::vector<float> sums;
  std::vector<int32_t> bias, mantissa, shift;
  OutputRange range{0, -128, 127};
};

int32_t Between(Random& random, int64_t low, int64_t high) {
  return static_cast<int32_t>(random.Between(low, high));
}

// Multipliers from 2^-24 to 2^4: some outputs are all zero, some all clamped, some shifted left.
Layer RandomLayer(int64_t rows, int64_t channels, Random& random) {
  Layer layer;
  constexpr int64_t kLargest = (1 << 24) - 1;
  for (int64_t c = 0; c < channels; ++c) {
    const FixedMultiplier multiplier =
        QuantizeMultiplier(std::exp2(28 * random.Unit() - 24) * (1 + random.Unit()));
    layer.mantissa.push_back(multiplier.mantissa);
    layer.shift.push_back(multiplier.shift);
    layer.bias.push_back(Between(random, -(1 << 30), 1 << 30) >> random.Below(31));
  }
  for (int64_t i = 0; i < rows * channels; ++i) {
    const int64_t largest = kLargest >> random.Below(24);
    layer.sums.push_back(static_cast<float>(random.Between(-largest, largest)));
  }
  layer.range.zero_point = Between(random, -128, 127);
  layer.range.min = random.Chance(0.5) ? layer.range.zero_point : -128;
  layer.range.max = Between(random, layer.range.zero_point, 127);
  return layer;
}

float Expected(const Layer& layer, int64_t index, int64_t channel) {
  const auto sum = static_cast<int32_t>(layer.sums[index]);
  const FixedMultiplier multiplier{layer.mantissa[channel], layer.shift[channel]};
  const ActivationRange range{layer.range.min, layer.range.max};
  const int32_t product = Multiply(sum + layer.bias[channel], multiplier);
  return static_cast<float>(range.Clamp(WrappingAdd(product, layer.range.zero_point)) -
                            layer.range.zero_point);
}

TEST_P(RequantizeTest, EqualsCoreQuantBitForBit) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const int64_t rows = random.Between(1, 9), channels = random.Between(1, 70);
    const Layer layer = RandomLayer(rows, channels, random);
    std::vector<float> y(layer.sums.size());
    Requantize(layer.sums.data(), rows, channels,
               {layer.bias.data(), layer.mantissa.data(), layer.shift.data()}, layer.range,
               y.data());
    for (int64_t i = 0; i < rows * channels; ++i) {
      ASSERT_EQ(y[i], Expected(layer, i, i % channels)) << "seed " << seed << " index " << i;
    }
  }
}

TEST_P(RequantizeTest, WorksInPlace) {
  Random random(1);
  Layer layer = RandomLayer(7, 33, random);
  std::vector<float> y(layer.sums.size());
  const ChannelMultipliers multipliers{layer.bias.data(), layer.mantissa.data(),
                                       layer.shift.data()};
  Requantize(layer.sums.data(), 7, 33, multipliers, layer.range, y.data());
  Requantize(layer.sums.data(), 7, 33, multipliers, layer.range, layer.sums.data());
  EXPECT_EQ(layer.sums, y);
}

TEST_P(RequantizeTest, GradientsPassInsideTheRangeAlone) {
  const std::vector<float> x = {-10, 1, 10, -3, 2, 30};  // [3][2]
  const std::vector<float> grad_y = {1, 2, 3, 4, 5, 6};
  const std::vector<float> scale = {2, 3}, shift = {1, -1};
  std::vector<float> grad_x(6), grad_shift(2);
  // y = {-19, 2, 21, -10, 5, 89}
  ScaleShiftClampBackward(x.data(), grad_y.data(), 3, 2, scale.data(), shift.data(), {-15, 20},
                          grad_x.data(), grad_shift.data());
  EXPECT_EQ(grad_x, (std::vector<float>{0, 6, 0, 12, 10, 0}));
  EXPECT_EQ(grad_shift, (std::vector<float>{5, 6}));
}

INSTANTIATE_TEST_SUITE_P(Variants, RequantizeTest, testing::ValuesIn(SupportedVariants()),
                         [](const auto& variant) { return std::string(variant.param->name); });

}  // namespace
}  // namespace boardloop::kernels
