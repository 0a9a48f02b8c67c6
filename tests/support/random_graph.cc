#include "tests/support/random_graph.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

class GraphMaker {
 public:
  GraphMaker(uint64_t seed, const RandomGraphOptions& options)
      : random_(seed), options_(options), builder_("random-" + std::to_string(seed)) {}

  Graph Make() {
    tensors_.push_back(builder_.Input({Extent(), Extent(), Channels()}));
    for (int32_t i = 0; i < options_.ops; ++i) AddOp("op" + std::to_string(i));
    std::vector<int32_t> outputs;
    for (int32_t tensor : tensors_) {
      if (std::find(read_.begin(), read_.end(), tensor) == read_.end()) outputs.push_back(tensor);
    }
    absl::StatusOr<Graph> graph = std::move(builder_).Build(outputs);
    CHECK(graph.ok()) << graph.status();
    return *std::move(graph);
  }

 private:
  int32_t Extent() { return static_cast<int32_t>(random_.Between(4, options_.max_extent)); }
  int32_t Channels() { return static_cast<int32_t>(random_.Between(1, options_.max_channels)); }

  int32_t Pick() {
    int32_t tensor = tensors_.back();
    if (random_.Chance(options_.branch)) tensor = tensors_[random_.Below(tensors_.size())];
    read_.push_back(tensor);
    return tensor;
  }

  // Another tensor of the same shape (of the same height and width), or -1.
  int32_t PickLike(int32_t tensor, bool any_channels) {
    std::vector<int32_t> like;
    Shape wanted = builder_.shape(tensor);
    for (int32_t other : tensors_) {
      Shape shape = builder_.shape(other);
      if (any_channels) shape.channels = wanted.channels;
      if (other != tensor && shape == wanted) like.push_back(other);
    }
    if (like.empty()) return -1;
    int32_t other = like[random_.Below(like.size())];
    read_.push_back(other);
    return other;
  }

  Activation AnyActivation() {
    return static_cast<Activation>(random_.Below(3));  // None, ReLU, ReLU6.
  }

  // Never larger than the tensor: the padding makes up for the kernel.
  Window AnyWindow() {
    constexpr int32_t kKernels[] = {1, 3, 5, 7};
    return CenteredWindow(kKernels[random_.Below(4)], static_cast<int32_t>(random_.Between(1, 2)));
  }

  void AddOp(const std::string& name) {
    int32_t input = Pick();
    switch (random_.Below(8)) {
      case 0:
        tensors_.push_back(builder_.Conv(name, input, Channels(), AnyWindow(), AnyActivation()));
        return;
      case 1:
        tensors_.push_back(builder_.Depthwise(name, input, AnyWindow(), AnyActivation()));
        return;
      case 2:
        tensors_.push_back(
            builder_.MaxPool(name, input, CenteredWindow(3, random_.Chance(0.5) ? 2 : 1)));
        return;
      case 3:
      case 4: {
        int32_t other = PickLike(input, /*any_channels=*/false);
        if (other < 0) break;
        tensors_.push_back(builder_.AddTensors(name, input, other, AnyActivation()));
        return;
      }
      case 5: {
        int32_t other = PickLike(input, /*any_channels=*/true);
        if (other < 0 || builder_.shape(input).channels > 64) break;
        Op op;
        op.kind = OpKind::kConcat;
        op.name = name;
        op.inputs = {input, other};
        tensors_.push_back(builder_.Add(std::move(op)));
        return;
      }
      default:
        break;
    }
    tensors_.push_back(
        builder_.Conv(name, input, Channels(), CenteredWindow(1, 1), AnyActivation()));
  }

  Random random_;
  const RandomGraphOptions& options_;
  GraphBuilder builder_;
  std::vector<int32_t> tensors_;
  std::vector<int32_t> read_;
};

}  // namespace

Graph RandomGraph(uint64_t seed, const RandomGraphOptions& options) {
  return GraphMaker(seed, options).Make();
}

}  // namespace boardloop
