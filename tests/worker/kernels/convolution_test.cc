#include "worker/kernels/convolution.h"

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

// By definition, in double.
double OutputAt(const ConvolutionShape& s, const std::vector<float>& x,
                const std::vector<float>& filter, const OutputMap& map, int64_t oy, int64_t ox,
                int64_t o) {
  double sum = map.bias != nullptr ? map.bias[o] : 0;
  for (int64_t ky = 0; ky < s.kernel_h; ++ky) {
    for (int64_t kx = 0; kx < s.kernel_w; ++kx) {
      for (int64_t i = 0; i < s.in; ++i) {
        const int64_t pixel = (oy * s.stride + ky) * s.width + ox * s.stride + kx;
        sum +=
            double{x[pixel * s.in + i]} * filter[((ky * s.kernel_w + kx) * s.in + i) * s.out + o];
      }
    }
  }
  return std::min<double>(std::max<double>(sum, map.range.low), map.range.high);
}

void ExpectRight(const ConvolutionShape& s, bool with_map, uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::vector<float> x = RandomValues(s.height * s.width * s.in, random);
  const std::vector<float> filter = RandomValues(s.kernel_h * s.kernel_w * s.in * s.out, random);
  const std::vector<float> bias = RandomValues(s.out, random);
  OutputMap map;
  if (with_map) map = {bias.data(), {-0.25f, 0.5f}};
  // NaN before: nothing may be left, nor added to.
  std::vector<float> y(s.output_height() * s.output_width() * s.out, NAN);
  ConvolutionForward(s, x.data(), filter.data(), map, y.data());
  for (int64_t oy = 0; oy < s.output_height(); ++oy) {
    for (int64_t ox = 0; ox < s.output_width(); ++ox) {
      for (int64_t o = 0; o < s.out; ++o) {
        ASSERT_NEAR(y[(oy * s.output_width() + ox) * s.out + o],
                    OutputAt(s, x, filter, map, oy, ox, o), 2e-5);
      }
    }
  }
}

class ConvolutionTest : public testing::TestWithParam<const Variant*> {
 protected:
  ConvolutionTest() { UseVariant(GetParam()); }
  ~ConvolutionTest() override { UseVariant(nullptr); }
};

TEST_P(ConvolutionTest, EqualsTheDefinitionOnRandomShapes) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    ConvolutionShape shape;
    shape.kernel_h = random.Between(1, 4);
    shape.kernel_w = random.Between(1, 4);
    shape.height = shape.kernel_h + random.Between(0, 6);
    shape.width = shape.kernel_w + random.Between(0, 19);
    shape.in = random.Between(1, 20);
    shape.out = random.Between(1, 70);
    shape.stride = random.Between(1, 3);
    ExpectRight(shape, /*with_map=*/seed % 2 == 1, seed);
  }
}

TEST_P(ConvolutionTest, APixelIsTheSameBitsWhateverIsBesideIt) {
  Random random(1);
  const ConvolutionShape all{1, 23, 17, 29};
  const std::vector<float> x = RandomValues(all.width * all.in, random);
  const std::vector<float> filter = RandomValues(all.in * all.out, random);
  std::vector<float> together(all.width * all.out), alone(all.out);
  ConvolutionForward(all, x.data(), filter.data(), OutputMap(), together.data());
  for (int64_t pixel = 0; pixel < all.width; ++pixel) {
    ConvolutionForward({1, 1, all.in, all.out}, x.data() + pixel * all.in, filter.data(),
                       OutputMap(), alone.data());
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + pixel * all.out));
  }
}

TEST_P(ConvolutionTest, ANanStaysOneThroughTheClamp) {
  const float x = NAN, filter = 1;
  float y = 0;
  ConvolutionForward(ConvolutionShape(), &x, &filter, {nullptr, {0, 6}}, &y);
  EXPECT_TRUE(std::isnan(y));
}

INSTANTIATE_TEST_SUITE_P(Variants, ConvolutionTest, testing::ValuesIn(SupportedVariants()),
                         [](const testing::TestParamInfo<const Variant*>& variant) {
                           return std::string(variant.param->name);
                         });

}  // namespace
}  // namespace boardloop::kernels
