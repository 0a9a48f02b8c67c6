#include "worker/torch/layers.h"

#include <vector>

#include "ATen/ATen.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

// Runs on the fused kernels and on LibTorch's operators.
class EachWay {
 public:
  ~EachWay() { UseLibTorchLayers(false); }

  struct Outcome {
    at::Tensor output;
    std::vector<at::Tensor> grads;
  };

  // `layer` is a function of `inputs`; gradients are those of a fixed weighting of the output.
  template <typename Layer>
  static Outcome Run(bool libtorch, const std::vector<at::Tensor>& inputs, const Layer& layer) {
    UseLibTorchLayers(libtorch);
    std::vector<at::Tensor> leaves;
    for (const at::Tensor& input : inputs) {
      leaves.push_back(input.detach().clone().set_requires_grad(true));
    }
    Outcome outcome;
    outcome.output = layer(leaves);
    const at::Tensor weighting =
        at::arange(outcome.output.numel()).to(at::kFloat).sin().view(outcome.output.sizes());
    (outcome.output * weighting).sum().backward();
    for (const at::Tensor& leaf : leaves) outcome.grads.push_back(leaf.grad());
    return outcome;
  }
};

template <typename Layer>
void ExpectSameEachWay(const std::vector<at::Tensor>& inputs, const Layer& layer) {
  EachWay ways;
  const EachWay::Outcome fused = EachWay::Run(false, inputs, layer);
  const EachWay::Outcome plain = EachWay::Run(true, inputs, layer);
  EXPECT_TRUE(at::allclose(fused.output, plain.output, 1e-4, 1e-4));
  for (size_t i = 0; i < fused.grads.size(); ++i) {
    const double scale = plain.grads[i].abs().max().item<double>() + 1;
    EXPECT_LT((fused.grads[i] - plain.grads[i]).abs().max().item<double>() / scale, 1e-4) << i;
  }
}

at::Tensor Images(at::IntArrayRef sizes) {
  at::manual_seed(1);
  return at::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(LayersTest, BatchNormEqualsLibTorchs) {
  for (const Activation activation :
       {Activation::kNone, Activation::kRelu, Activation::kRelu6, Activation::kReluN1To1}) {
    ExpectSameEachWay({Images({3, 20, 5, 7}), at::rand({20}) * 4, at::randn({20})},
                      [&](const std::vector<at::Tensor>& x) {
                        return BatchNormActivation(x[0], x[1], x[2], activation);
                      });
  }
}

TEST(LayersTest, DepthwiseConvolutionEqualsLibTorchs) {
  for (const int32_t kernel : {3, 5, 7}) {
    for (const int32_t stride : {1, 2}) {
      ExpectSameEachWay({Images({2, 24, 13, 9}), at::randn({kernel, kernel, 24})},
                        [&](const std::vector<at::Tensor>& x) {
                          return DepthwiseConvolution2d(x[0], x[1], CenteredWindow(kernel, stride));
                        });
    }
  }
}

TEST(LayersTest, BiasActivationEqualsLibTorchsAlsoInPlace) {
  ExpectSameEachWay({Images({2, 24, 4, 4}), at::randn({24})},
                    [&](const std::vector<at::Tensor>& x) {
                      return BiasActivation(x[0], x[1], Activation::kRelu6);
                    });
  at::NoGradGuard no_grad;
  const at::Tensor x = Images({2, 24, 4, 4}), bias = at::randn({24});
  const at::Tensor expected = at::hardtanh(x + bias.view({1, -1, 1, 1}), 0, 6);
  EXPECT_TRUE(at::allclose(BiasActivation(x.clone(), bias, Activation::kRelu6), expected));
}

TEST(LayersTest, MomentsAreThoseOfTheBatch) {
  at::NoGradGuard no_grad;
  const at::Tensor x = Images({4, 16, 6, 6});
  for (const bool libtorch : {false, true}) {
    UseLibTorchLayers(libtorch);
    Moments moments;
    BatchNormActivation(x, at::ones({16}), at::zeros({16}), Activation::kNone, &moments);
    EXPECT_TRUE(at::allclose(moments.mean, x.mean({0, 2, 3}), 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(moments.variance, x.var({0, 2, 3}, /*unbiased=*/false), 1e-3, 1e-4));
  }
  UseLibTorchLayers(false);
}

}  // namespace
}  // namespace boardloop
