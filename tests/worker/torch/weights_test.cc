#include "worker/torch/weights.h"

#include <memory>

#include "ATen/ATen.h"
#include "core/graph/build_subnet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/channel_order.h"
#include "worker/torch/network.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

struct Family {
  v1::SupernetSpec spec = SmallSupernet();
  Graph graph = BuildSubnet(spec.space(), LargestOf(spec)).value();
  std::shared_ptr<const ParameterLayout> layout;
  at::Tensor flat;
  Weights weights;

  explicit Family(bool transforms = false) {
    LayoutOptions options;
    options.kernel_transforms = transforms;
    layout =
        std::make_shared<const ParameterLayout>(ParameterLayout::ForGraph(graph, options).value());
    flat = InitialWeights(*layout, 1);
    weights = ViewWeights(layout, flat);
  }
  at::Tensor At(const std::string& op, ParameterRole role) const {
    return weights.tensors[layout->Find(op, role)];
  }
};

at::Tensor SomeImages() {
  at::manual_seed(2);
  return at::rand({8, 1, kSmallResolution, kSmallResolution})
      .contiguous(at::MemoryFormat::ChannelsLast);
}

const Op& OpNamed(const Graph& graph, const std::string& name) {
  for (const Op& op : graph.ops) {
    if (op.name == name) return op;
  }
  ADD_FAILURE() << "no operator " << name;
  return graph.ops[0];
}

TEST(WeightsTest, LayoutHasTheParametersOfTheGraphAndTwoPerNormalizedChannel) {
  const Family family;
  int64_t channels = 0;
  for (const Op& op : family.graph.ops) {
    if (op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d) {
      channels += op.out_channels;
    }
  }
  // Measure counts a bias for each channel, where there are gamma and beta.
  EXPECT_EQ(family.layout->size(), Measure(family.graph).params + channels);
  int64_t end = 0;
  for (const Parameter& parameter : family.layout->parameters()) {
    EXPECT_EQ(parameter.offset, end) << parameter.name;
    EXPECT_EQ(parameter.role == ParameterRole::kFilter,
              parameter.offset < family.layout->decayed());
    end += parameter.size;
  }
}

TEST(WeightsTest, ASmallKernelIsTheCentreOfTheLargeOne) {
  const Family family;
  const Graph small = BuildSubnet(family.spec.space(), SmallestOf(family.spec)).value();
  const Op& op = OpNamed(small, "s0b0.depthwise");
  const at::Tensor slice = SliceFilter(family.weights, small, op);
  ASSERT_EQ(slice.sizes(), at::IntArrayRef({3, 3, op.out_channels}));
  const at::Tensor filter = family.At("s0b0.depthwise", ParameterRole::kFilter);
  EXPECT_TRUE(at::equal(slice, filter.narrow(0, 2, 3).narrow(1, 2, 3).narrow(2, 0, 16)));
}

TEST(WeightsTest, FewerChannelsAreTheFirstOnes) {
  const Family family;
  const Graph small = BuildSubnet(family.spec.space(), SmallestOf(family.spec)).value();
  const at::Tensor expand = SliceFilter(family.weights, small, OpNamed(small, "s1b0.expand"));
  const at::Tensor project = SliceFilter(family.weights, small, OpNamed(small, "s1b0.project"));
  EXPECT_TRUE(at::equal(
      expand, family.At("s1b0.expand", ParameterRole::kFilter).narrow(0, 0, expand.size(0))));
  EXPECT_TRUE(at::equal(
      project, family.At("s1b0.project", ParameterRole::kFilter).narrow(3, 0, project.size(3))));
}

TEST(WeightsTest, KernelTransformsBeginAsTheIdentity) {
  const Family plain(false), transforms(true);
  const Graph small = BuildSubnet(plain.spec.space(), SmallestOf(plain.spec)).value();
  const Op& op = OpNamed(small, "s0b0.depthwise");
  EXPECT_TRUE(at::allclose(SliceFilter(transforms.weights, small, op),
                           SliceFilter(plain.weights, small, op)));
}

TEST(WeightsTest, AKernelTransformActsOnEachChannelsWindow) {
  const Family family(true);
  // 5x5 from 7x7: twice the window. 3x3 from 5x5: the window, upside down.
  family.At("s0b0.depthwise", ParameterRole::kTransform5).mul_(2);
  const at::Tensor to3 = family.At("s0b0.depthwise", ParameterRole::kTransform3);
  to3.copy_(at::eye(9).flip(0));
  const Graph small = BuildSubnet(family.spec.space(), SmallestOf(family.spec)).value();
  const at::Tensor slice = SliceFilter(family.weights, small, OpNamed(small, "s0b0.depthwise"));
  const at::Tensor centre = family.At("s0b0.depthwise", ParameterRole::kFilter)
                                .narrow(0, 2, 3)
                                .narrow(1, 2, 3)
                                .narrow(2, 0, slice.size(2));
  EXPECT_TRUE(at::allclose(slice, 2 * centre.flip({0, 1})));
}

TEST(WeightsTest, SortedChannelsFallInImportanceAndComputeTheSame) {
  const Family family;
  const at::Tensor before = ForwardTraining(family.graph, family.weights, SomeImages());
  const at::Tensor momentum = family.flat.clone();
  SortChannels(family.graph, family.weights, {momentum});
  EXPECT_TRUE(at::allclose(ForwardTraining(family.graph, family.weights, SomeImages()), before,
                           1e-3, 1e-4));
  const at::Tensor importance =
      family.At("s0b1.project", ParameterRole::kFilter).abs().sum({0, 1, 2});
  EXPECT_TRUE(importance.slice(0, 1).le(importance.slice(0, 0, -1)).all().item<bool>());
  EXPECT_TRUE(at::equal(momentum, family.flat));  // It began as a copy, and moved along.
}

TEST(WeightsTest, ASubnetInheritsWhatTheSuperNetworkComputesWith) {
  const Family family(true);
  family.At("s0b0.depthwise", ParameterRole::kTransform5).mul_(1.5);
  const Graph small = BuildSubnet(family.spec.space(), SmallestOf(family.spec)).value();
  const auto layout = std::make_shared<const ParameterLayout>(
      ParameterLayout::ForGraph(small, LayoutOptions()).value());
  const Weights own = ViewWeights(layout, at::zeros({layout->size()}));
  ASSERT_THAT(InheritWeights(family.weights, own, small), IsOk());
  EXPECT_TRUE(at::allclose(ForwardTraining(small, own, SomeImages()),
                           ForwardTraining(small, family.weights, SomeImages())));
}

TEST(WeightsTest, FoldedBatchNormComputesTheSame) {
  const Family family;
  at::NoGradGuard no_grad;
  std::vector<Moments> moments;
  const at::Tensor trained = ForwardTraining(family.graph, family.weights, SomeImages(), &moments);
  const FoldedWeights folded = FoldBatchNorm(family.graph, family.weights, moments);
  EXPECT_TRUE(at::allclose(ForwardFolded(family.graph, folded, SomeImages()), trained, 1e-3, 1e-4));
}

TEST(WeightsTest, GradientsLandInTheFlatTensor) {
  const Family family;
  const at::Tensor grad = at::zeros_like(family.flat);
  const Weights leaves = LeafWeights(family.layout, family.flat, grad);
  ForwardTraining(family.graph, leaves, SomeImages()).pow(2).sum().backward();
  for (size_t i = 0; i < leaves.tensors.size(); ++i) {
    const Parameter& parameter = family.layout->parameters()[i];
    EXPECT_GT(grad.narrow(0, parameter.offset, parameter.size).abs().sum().item<float>(), 0)
        << parameter.name;
  }
}

TEST(WeightsTest, AnOperatorThatIsNotTrainedIsNamed) {
  GraphBuilder builder("pooled");
  const int32_t x = builder.Input({8, 8, 3});
  const int32_t pooled = builder.MaxPool("pool", x, CenteredWindow(3, 2));
  const Graph graph = std::move(builder).Build({pooled}).value();
  EXPECT_THAT(ParameterLayout::ForGraph(graph, LayoutOptions()).status().ToString(),
              HasSubstr("pool is MAX_POOL_2D"));
}

}  // namespace
}  // namespace boardloop
