#include "worker/kernels/depthwise.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "gtest/gtest.h"
#include "worker/kernels/variants.h"

namespace boardloop::kernels {
namespace {

std::vector<float> RandomValues(int64_t count, Random& random) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(2 * random.Unit() - 1);
  return values;
}

// A convolution and its two gradients by definition, in double.
struct Reference {
  DepthwiseShape shape;
  std::vector<double> y, grad_x, grad_filter;

  Reference(const DepthwiseShape& s, const std::vector<float>& x, const std::vector<float>& filter,
            const std::vector<float>& grad_y)
      : shape(s), y(grad_y.size(), 0), grad_x(x.size(), 0), grad_filter(filter.size(), 0) {
    const int64_t out_h = s.output_height(), out_w = s.output_width(), padding = s.kernel / 2;
    for (int64_t n = 0; n < s.images; ++n) {
      for (int64_t oy = 0; oy < out_h; ++oy) {
        for (int64_t ox = 0; ox < out_w; ++ox) {
          for (int64_t tap = 0; tap < s.kernel * s.kernel; ++tap) {
            const int64_t iy = oy * s.stride + tap / s.kernel - padding;
            const int64_t ix = ox * s.stride + tap % s.kernel - padding;
            if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
            for (int64_t c = 0; c < s.channels; ++c) {
              const int64_t i = ((n * s.height + iy) * s.width + ix) * s.channels + c;
              const int64_t o = ((n * out_h + oy) * out_w + ox) * s.channels + c;
              const int64_t f = tap * s.channels + c;
              y[o] += double{x[i]} * filter[f];
              grad_x[i] += double{grad_y[o]} * filter[f];
              grad_filter[f] += double{grad_y[o]} * x[i];
            }
          }
        }
      }
    }
  }
};

// Largest difference, relative to the largest value.
double Difference(const std::vector<float>& found, const std::vector<double>& expected) {
  double difference = 0, largest = 1e-3;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference = std::max(difference, std::abs(found[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
    if (std::isnan(found[i])) return NAN;
  }
  return difference / largest;
}

std::string Describe(const DepthwiseShape& s) {
  return std::to_string(s.images) + "x" + std::to_string(s.height) + "x" + std::to_string(s.width) +
         "x" + std::to_string(s.channels) + " k" + std::to_string(s.kernel) + " s" +
         std::to_string(s.stride);
}

void ExpectRight(const DepthwiseShape& shape, uint64_t seed) {
  SCOPED_TRACE(Describe(shape) + " seed " + std::to_string(seed));
  Random random(seed);
  const int64_t outputs =
      shape.images * shape.output_height() * shape.output_width() * shape.channels;
  const std::vector<float> x =
      RandomValues(shape.images * shape.height * shape.width * shape.channels, random);
  const std::vector<float> filter =
      RandomValues(shape.kernel * shape.kernel * shape.channels, random);
  const std::vector<float> grad_y = RandomValues(outputs, random);
  const Reference expected(shape, x, filter, grad_y);

  // What is overwritten holds NaN before: nothing may be left, nor added to.
  std::vector<float> y(grad_y.size(), NAN), grad_x(x.size(), NAN), grad_filter(filter.size(), NAN);
  DepthwiseForward(shape, x.data(), filter.data(), y.data());
  DepthwiseBackwardInput(shape, grad_y.data(), filter.data(), grad_x.data());
  DepthwiseBackwardFilter(shape, x.data(), grad_y.data(), grad_filter.data());
  EXPECT_LT(Difference(y, expected.y), 1e-5);
  EXPECT_LT(Difference(grad_x, expected.grad_x), 1e-5);
  EXPECT_LT(Difference(grad_filter, expected.grad_filter), 1e-5);
}

class DepthwiseTest : public testing::TestWithParam<const Variant*> {
 protected:
  DepthwiseTest() { UseVariant(GetParam()); }
  ~DepthwiseTest() override { UseVariant(nullptr); }
};

TEST_P(DepthwiseTest, EqualsTheDefinitionOnRandomShapes) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    DepthwiseShape shape;
    shape.images = random.Between(1, 3);
    shape.height = random.Between(1, 17);
    shape.width = random.Between(1, 30);
    shape.channels = random.Between(1, 70);
    shape.kernel = 2 * random.Between(0, 5) + 1;
    shape.stride = random.Between(1, 3);
    ExpectRight(shape, seed);
  }
}

TEST_P(DepthwiseTest, EqualsTheDefinitionOnTheShapesOfNetworks) {
  for (const int64_t kernel : {3, 5, 7}) {
    for (const int64_t stride : {1, 2}) {
      ExpectRight({1, 28, 28, 48, kernel, stride}, 1);
      ExpectRight({2, 14, 14, 24, kernel, stride}, 2);
      ExpectRight({2, 7, 7, 120, kernel, stride}, 3);
    }
  }
}

TEST_P(DepthwiseTest, BiasIsAddedAndTheSumClamped) {
  const DepthwiseShape shape{2, 9, 11, 21, 3, 1};
  Random random(5);
  const std::vector<float> x = RandomValues(2 * 9 * 11 * 21, random);
  const std::vector<float> filter = RandomValues(3 * 3 * 21, random);
  const std::vector<float> bias = RandomValues(21, random);
  std::vector<float> plain(x.size()), mapped(x.size(), NAN);
  DepthwiseForward(shape, x.data(), filter.data(), plain.data());
  DepthwiseForward(shape, x.data(), filter.data(), mapped.data(), {bias.data(), {-0.5f, 1}});
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(mapped[i], std::clamp(plain[i] + bias[i % 21], -0.5f, 1.0f), 1e-5);
  }
}

TEST_P(DepthwiseTest, TheSameCallGivesTheSameBits) {
  const DepthwiseShape shape{2, 9, 11, 37, 5, 2};
  Random random(4);
  const std::vector<float> x = RandomValues(2 * 9 * 11 * 37, random);
  const std::vector<float> grad_y =
      RandomValues(2 * shape.output_height() * shape.output_width() * 37, random);
  std::vector<float> first(5 * 5 * 37), second(5 * 5 * 37);
  DepthwiseBackwardFilter(shape, x.data(), grad_y.data(), first.data());
  DepthwiseBackwardFilter(shape, x.data(), grad_y.data(), second.data());
  EXPECT_EQ(first, second);
}

INSTANTIATE_TEST_SUITE_P(Variants, DepthwiseTest, testing::ValuesIn(SupportedVariants()),
                         [](const testing::TestParamInfo<const Variant*>& variant) {
                           return std::string(variant.param->name);
                         });

}  // namespace
}  // namespace boardloop::kernels
