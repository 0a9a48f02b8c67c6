#include "worker/kernels/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One layer's numbers, and what is to come out of it, by definition and in double.
struct Layer {
  int64_t rows, channels;
  ClampRange range;
  std::vector<float> x, grad_y, gamma, beta;
  std::vector<float> mean, variance, inv_std;

  Layer(int64_t layer_rows, int64_t layer_channels, ClampRange layer_range, double offset,
        uint64_t seed)
      : rows(layer_rows), channels(layer_channels), range(layer_range) {
    Random random(seed);
    const auto uniform = [&](size_t count, double low, double high) {
      std::vector<float> values(count);
      for (float& value : values) {
        value = static_cast<float>(low + (high - low) * random.Unit());
      }
      return values;
    };
    x = uniform(rows * channels, offset - 2, offset + 2);
    grad_y = uniform(rows * channels, -1, 1);
    gamma = uniform(channels, 0.5, 3);
    beta = uniform(channels, -1, 3);
    mean.resize(channels);
    variance.resize(channels);
    ChannelMoments(x.data(), rows, channels, mean.data(), variance.data());
    for (const float v : variance) {
      inv_std.push_back(static_cast<float>(1 / std::sqrt(v + kEpsilon)));
    }
  }

  double Mean(int64_t c) const {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
    return sum / static_cast<double>(rows);
  }
  double Variance(int64_t c) const {
    const double center = Mean(c);
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += std::pow(x[r * channels + c] - center, 2);
    return sum / static_cast<double>(rows);
  }
};

struct Gradients {
  std::vector<double> x, gamma, beta;
};

Gradients GradientsByDefinition(const Layer& layer) {
  Gradients result{std::vector<double>(layer.x.size()), std::vector<double>(layer.channels),
                   std::vector<double>(layer.channels)};
  const auto rows = static_cast<double>(layer.rows);
  for (int64_t c = 0; c < layer.channels; ++c) {
    const double mean = layer.Mean(c), inv_std = 1 / std::sqrt(layer.Variance(c) + kEpsilon);
    std::vector<double> g(layer.rows), x_hat(layer.rows);
    for (int64_t r = 0; r < layer.rows; ++r) {
      x_hat[r] = (layer.x[r * layer.channels + c] - mean) * inv_std;
      const double y = layer.gamma[c] * x_hat[r] + layer.beta[c];
      const bool passes = y > layer.range.low && y < layer.range.high;
      g[r] = passes ? layer.grad_y[r * layer.channels + c] : 0;
      result.beta[c] += g[r];
      result.gamma[c] += g[r] * x_hat[r];
    }
    for (int64_t r = 0; r < layer.rows; ++r) {
      result.x[r * layer.channels + c] =
          layer.gamma[c] * inv_std *
          (g[r] - result.beta[c] / rows - x_hat[r] * result.gamma[c] / rows);
    }
  }
  return result;
}

void ExpectNear(const std::vector<float>& found, const std::vector<double>& expected,
                double tolerance) {
  double largest = 1;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], tolerance * largest) << i;
  }
}

class BatchNormTest : public testing::TestWithParam<const Variant*> {
 protected:
  BatchNormTest() { UseVariant(GetParam()); }
  ~BatchNormTest() override { UseVariant(nullptr); }
};

TEST_P(BatchNormTest, MomentsEqualTheDefinition) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Layer layer(random.Between(1, 700), random.Between(1, 130), {0, 6}, 0, seed);
    for (int64_t c = 0; c < layer.channels; ++c) {
      ASSERT_NEAR(layer.mean[c], layer.Mean(c), 1e-5);
      ASSERT_NEAR(layer.variance[c], layer.Variance(c), 1e-5);
    }
  }
}

TEST_P(BatchNormTest, MomentsOfPartsAreThoseOfTheWhole) {
  const Layer layer(500, 21, {0, 6}, /*offset=*/3, 2);
  MomentSums sums;
  std::vector<float> mean(21), variance(21);
  for (int run = 0; run < 2; ++run) {  // Reset forgets what was before.
    sums.Reset(21);
    for (const int64_t row : {0, 1, 120, 499}) {
      const int64_t next = row == 0 ? 1 : row == 1 ? 120 : row == 120 ? 499 : 500;
      sums.Add(layer.x.data() + row * 21, next - row);
    }
    sums.Finish(mean.data(), variance.data());
    for (int64_t c = 0; c < 21; ++c) {
      EXPECT_NEAR(mean[c], layer.mean[c], 1e-5);
      EXPECT_NEAR(variance[c], layer.variance[c], 1e-5);
    }
  }
}

TEST_P(BatchNormTest, ALargeMeanDoesNotSpoilTheVariance) {
  const Layer layer(5000, 19, {0, 6}, /*offset=*/1000, 1);
  for (int64_t c = 0; c < layer.channels; ++c) {
    EXPECT_NEAR(layer.variance[c] / layer.Variance(c), 1, 1e-3);
  }
}

TEST_P(BatchNormTest, AConstantChannelHasNoVariance) {
  const std::vector<float> x(300, 7.25f);
  float mean[3], variance[3];
  ChannelMoments(x.data(), 100, 3, mean, variance);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(mean[c], 7.25f);
    EXPECT_EQ(variance[c], 0);
  }
}

TEST_P(BatchNormTest, ScaleShiftClampWorksInPlaceAndKeepsNaN) {
  std::vector<float> x = {-1, 0.5f, 9, NAN, 1, 2};
  const float scale[2] = {1, 2}, shift[2] = {0.5f, 0};
  ScaleShiftClamp(x.data(), 3, 2, scale, shift, {0, 6}, x.data());
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 1);
  EXPECT_EQ(x[2], 6);
  EXPECT_TRUE(std::isnan(x[3]));
  EXPECT_EQ(x[4], 1.5f);
  EXPECT_EQ(x[5], 4);
}

TEST_P(BatchNormTest, GradientsEqualTheDefinition) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const bool clamped = random.Chance(0.7);
    const Layer layer(random.Between(2, 400), random.Between(1, 130),
                      clamped ? ClampRange{0, 6} : ClampRange{-kInfinity, kInfinity}, 0, seed);
    const Gradients expected = GradientsByDefinition(layer);
    std::vector<float> grad_x(layer.x.size()), grad_gamma(layer.channels),
        grad_beta(layer.channels);
    BatchNormBackward(layer.x.data(), layer.grad_y.data(), layer.rows, layer.channels,
                      layer.mean.data(), layer.inv_std.data(), layer.gamma.data(),
                      layer.beta.data(), layer.range, grad_x.data(), grad_gamma.data(),
                      grad_beta.data());
    ExpectNear(grad_x, expected.x, 1e-4);
    ExpectNear(grad_gamma, expected.gamma, 1e-4);
    ExpectNear(grad_beta, expected.beta, 1e-4);
  }
}

TEST_P(BatchNormTest, TheGradientMayOverwriteThatOfTheOutput) {
  Layer layer(50, 24, {0, 6}, 0, 3);
  std::vector<float> apart(layer.x.size()), grad_gamma(24), grad_beta(24);
  const auto backward = [&](float* grad_x) {
    BatchNormBackward(layer.x.data(), layer.grad_y.data(), 50, 24, layer.mean.data(),
                      layer.inv_std.data(), layer.gamma.data(), layer.beta.data(), layer.range,
                      grad_x, grad_gamma.data(), grad_beta.data());
  };
  backward(apart.data());
  backward(layer.grad_y.data());
  EXPECT_EQ(layer.grad_y, apart);
}

INSTANTIATE_TEST_SUITE_P(Variants, BatchNormTest, testing::ValuesIn(SupportedVariants()),
                         [](const testing::TestParamInfo<const Variant*>& variant) {
                           return std::string(variant.param->name);
                         });

}  // namespace
}  // namespace boardloop::kernels
