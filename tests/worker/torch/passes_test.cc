// The passes of scoring on a CPU against those of network.h.
#include <memory>
#include <vector>

#include "ATen/ATen.h"
#include "core/graph/build_subnet.h"
#include "gtest/gtest.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/device_data.h"
#include "worker/torch/folded_pass.h"
#include "worker/torch/moments_pass.h"
#include "worker/torch/network.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

class PassesTest : public testing::Test {
 protected:
  PassesTest() {
    const Graph largest = BuildSubnet(supernet_.space(), LargestOf(supernet_)).value();
    auto layout = std::make_shared<const ParameterLayout>(
        ParameterLayout::ForGraph(largest, LayoutOptions()).value());
    // Off their first values, which are ones and zeros.
    const at::Tensor flat = InitialWeights(*layout, 3);
    const at::Tensor noise = at::arange(flat.numel()).remainder(7).sub(3).mul(0.02);
    weights_ = ViewWeights(layout, flat + noise);
    Random random(1);
    graphs_.push_back(largest);
    for (int i = 0; i < 4; ++i) {
      graphs_.push_back(BuildSubnet(supernet_.space(), SampleOf(supernet_, random)).value());
    }
  }

  void ExpectMomentsOfTraining(MomentsPass& pass, const Graph& graph, const at::Tensor& images) {
    at::NoGradGuard no_grad;
    std::vector<Moments> expected;
    ForwardTraining(graph, weights_, images, &expected);
    const std::vector<Moments> found = pass.Run(images);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].mean.defined(), expected[i].mean.defined()) << graph.ops[i].name;
      if (!found[i].mean.defined()) continue;
      EXPECT_TRUE(at::allclose(found[i].mean, expected[i].mean, 1e-3, 1e-4)) << graph.ops[i].name;
      EXPECT_TRUE(at::allclose(found[i].variance, expected[i].variance, 1e-3, 1e-4))
          << graph.ops[i].name;
    }
  }

  FoldedWeights Folded(const Graph& graph) const {
    at::NoGradGuard no_grad;
    std::vector<Moments> moments;
    ForwardTraining(graph, weights_, data_.Range(0, 64).images, &moments);
    return FoldBatchNorm(graph, weights_, moments);
  }

  v1::SupernetSpec supernet_ = SmallSupernet();
  Dataset images_ = Quadrants(200, 1);
  DeviceData data_{images_, at::kCPU};
  Weights weights_;
  std::vector<Graph> graphs_;
};

TEST_F(PassesTest, MomentsAreThoseOfTraining) {
  for (const Graph& graph : graphs_) {
    MomentsPass pass(graph, weights_, 16);
    ExpectMomentsOfTraining(pass, graph, data_.Range(0, 16).images);
  }
}

// 200 images of the widest feature map (12 x 12 x 24 floats) are 2.6 MiB, which is not kept.
TEST_F(PassesTest, MomentsAreThoseOfTrainingWhereTheWidestMapIsComputedAgain) {
  for (const Graph& graph : graphs_) {
    MomentsPass pass(graph, weights_, 200);
    ExpectMomentsOfTraining(pass, graph, data_.Range(0, 200).images);
  }
}

TEST_F(PassesTest, MomentsOfOneBatchDoNotDependOnTheBatchBefore) {
  MomentsPass pass(graphs_[0], weights_, 64);
  const std::vector<Moments> first = pass.Run(data_.Range(0, 64).images);
  ExpectMomentsOfTraining(pass, graphs_[0], data_.Range(64, 31).images);  // A smaller one.
  const std::vector<Moments> again = pass.Run(data_.Range(0, 64).images);
  for (size_t i = 0; i < first.size(); ++i) {
    if (!first[i].mean.defined()) continue;
    EXPECT_TRUE(at::equal(first[i].mean, again[i].mean));
    EXPECT_TRUE(at::equal(first[i].variance, again[i].variance));
  }
}

TEST_F(PassesTest, LogitsAreThoseOfForwardFolded) {
  const at::Tensor images = data_.Range(64, 50).images;
  for (const Graph& graph : graphs_) {
    const FoldedWeights folded = Folded(graph);
    FoldedPass pass(graph, folded);
    const at::Tensor logits = pass.Run(images);
    at::NoGradGuard no_grad;
    EXPECT_TRUE(at::allclose(logits, ForwardFolded(graph, folded, images), 1e-4, 1e-5));
  }
}

TEST_F(PassesTest, AnImagesLogitsDoNotDependOnTheOthers) {
  FoldedPass pass(graphs_[0], Folded(graphs_[0]));
  const at::Tensor together = pass.Run(data_.Range(0, 9).images);
  for (int64_t i = 0; i < 9; ++i) {
    EXPECT_TRUE(at::equal(pass.Run(data_.Range(i, 1).images)[0], together[i]));
  }
}

}  // namespace
}  // namespace boardloop
