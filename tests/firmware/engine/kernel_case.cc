#include "tests/firmware/engine/kernel_case.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/quant/interpreter.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

constexpr const char* kNames[] = {"convolution",
                                  "pointwise",
                                  "convolution + add",
                                  "pointwise + add",
                                  "depthwise",
                                  "fully connected",
                                  "add",
                                  "mul",
                                  "average pool",
                                  "max pool",
                                  "mean",
                                  "pad",
                                  "softmax",
                                  "reshape",
                                  "concat",
                                  "resize nearest",
                                  "quantize",
                                  "hard swish",
                                  "sigmoid"};
static_assert(std::size(kNames) == kCaseKinds);

Activation RandomActivation(Random& random) {
  constexpr Activation kAll[] = {Activation::kNone, Activation::kNone, Activation::kRelu,
                                 Activation::kRelu6, Activation::kReluN1To1};
  return kAll[random.Below(std::size(kAll))];
}

// Builds the graph of a case: its step is the last operator, or the last two.
class CaseGraph {
 public:
  CaseGraph(CaseKind kind, Random& random, const CaseLimits& limits)
      : kind_(kind), random_(random), limits_(limits), builder_("case") {
    shape_ = {Extent(limits.height), Extent(limits.width), Extent(limits.channels)};
    x_ = builder_.Input(shape_);
  }

  absl::StatusOr<Graph> Build() {
    const int32_t output = AddStep();
    return std::move(builder_).Build({output});
  }

  const std::vector<int32_t>& constants() const { return constants_; }

 private:
  int32_t Extent(int32_t limit) { return static_cast<int32_t>(random_.Between(1, limit)); }

  Op MakeOp(OpKind kind) {
    Op op;
    op.kind = kind;
    op.name = "op";
    op.inputs = {x_};
    return op;
  }

  // As RandomWindow; sometimes with so much padding that windows lie wholly in it.
  Window RandomConvolutionWindow() {
    Window w = RandomWindow();
    if (random_.Chance(0.9)) return w;
    w.pad_top = static_cast<int32_t>(random_.Below(2 * w.kernel_h));
    w.pad_left = static_cast<int32_t>(random_.Below(2 * w.kernel_w));
    w.pad_bottom = w.kernel_h - 1 + static_cast<int32_t>(random_.Below(w.kernel_h + 1));
    w.pad_right = w.kernel_w - 1 + static_cast<int32_t>(random_.Below(w.kernel_w + 1));
    return w;
  }

  // A window that fits the input with its padding, which is smaller than the window.
  Window RandomWindow() {
    constexpr int32_t kSizes[] = {1, 2, 3, 3, 3, 5, 5, 7, 4};
    Window w;
    w.kernel_h = w.kernel_w = kSizes[random_.Below(std::size(kSizes))];
    w.stride_h = w.stride_w = static_cast<int32_t>(random_.Between(1, random_.Chance(0.2) ? 4 : 2));
    if (random_.Chance(0.2)) w.kernel_w = kSizes[random_.Below(std::size(kSizes))];
    if (random_.Chance(0.2)) w.stride_w = static_cast<int32_t>(random_.Between(1, 3));
    if (random_.Chance(0.7)) {
      w.pad_top = w.pad_bottom = w.kernel_h / 2;
      w.pad_left = w.pad_right = w.kernel_w / 2;
    } else {
      w.pad_top = static_cast<int32_t>(random_.Below(w.kernel_h));
      w.pad_bottom = static_cast<int32_t>(random_.Below(w.kernel_h));
      w.pad_left = static_cast<int32_t>(random_.Below(w.kernel_w));
      w.pad_right = static_cast<int32_t>(random_.Below(w.kernel_w));
    }
    w.kernel_h = std::min(w.kernel_h, shape_.height + w.pad_top + w.pad_bottom);
    w.kernel_w = std::min(w.kernel_w, shape_.width + w.pad_left + w.pad_right);
    if (w.pad_top >= w.kernel_h || w.pad_bottom >= w.kernel_h) w.pad_top = w.pad_bottom = 0;
    if (w.pad_left >= w.kernel_w || w.pad_right >= w.kernel_w) w.pad_left = w.pad_right = 0;
    w.kernel_h = std::min(w.kernel_h, shape_.height + w.pad_top + w.pad_bottom);
    w.kernel_w = std::min(w.kernel_w, shape_.width + w.pad_left + w.pad_right);
    return w;
  }

  // A second tensor beside x, computed from it, with a quantization of its own.
  int32_t Pointwise(int32_t channels) {
    Op op = MakeOp(OpKind::kConv2d);
    op.out_channels = channels;
    return builder_.Add(op);
  }

  int32_t Constant(const Shape& shape) {
    const int32_t tensor = builder_.Constant(shape, "constant");
    constants_.push_back(tensor);
    return tensor;
  }

  int32_t Convolution(bool pointwise, bool fused) {
    const int32_t channels = Extent(limits_.channels);
    Op op = MakeOp(OpKind::kConv2d);
    op.out_channels = channels;
    op.activation = RandomActivation(random_);
    while (!pointwise && IsPointwise(op)) op.window = RandomConvolutionWindow();
    if (!fused) return builder_.Add(op);
    // The shortcut: computed first, of the same shape.
    Op shortcut = op;
    shortcut.activation = Activation::kNone;
    const int32_t second = builder_.Add(shortcut);
    const int32_t result = builder_.Add(op);
    const bool swap = random_.Chance(0.5);
    return builder_.AddTensors("add", swap ? second : result, swap ? result : second,
                               RandomActivation(random_));
  }

  int32_t Depthwise() {
    Op op = MakeOp(OpKind::kDepthwiseConv2d);
    op.window = RandomConvolutionWindow();
    op.out_channels = shape_.channels * (random_.Chance(0.2) ? 2 : 1);
    op.activation = RandomActivation(random_);
    return builder_.Add(op);
  }

  int32_t FullyConnected() {
    Op op = MakeOp(OpKind::kFullyConnected);
    op.out_channels = Extent(limits_.channels);
    op.activation = RandomActivation(random_);
    return builder_.Add(op);
  }

  // ADD or MUL: of equal shapes, broadcast, or with a constant.
  int32_t Pair(OpKind kind) {
    Op op = MakeOp(kind);
    op.activation = RandomActivation(random_);
    const int choice = static_cast<int>(random_.Below(6));
    int32_t other = x_;
    if (choice == 0) other = Pointwise(1);
    if (choice == 1) other = builder_.Mean("mean", x_);
    if (choice == 2) other = builder_.Mean("mean", x_, Axis::kWidth);
    if (choice == 3) {
      other =
          Constant({random_.Chance(0.5) ? shape_.height : 1, random_.Chance(0.5) ? shape_.width : 1,
                    random_.Chance(0.5) ? shape_.channels : 1});
    }
    if (choice == 4) other = Pointwise(shape_.channels);
    op.inputs = {x_, other};
    if (random_.Chance(0.5)) std::swap(op.inputs[0], op.inputs[1]);
    return builder_.Add(op);
  }

  int32_t Pool(OpKind kind) {
    Op op = MakeOp(kind);
    op.window = RandomWindow();
    op.activation = RandomActivation(random_);
    return builder_.Add(op);
  }

  int32_t PadOp() {
    Op op = MakeOp(OpKind::kPad);
    op.window.pad_top = Extent(4) - 1;
    op.window.pad_bottom = Extent(4) - 1;
    op.window.pad_left = Extent(4) - 1;
    op.window.pad_right = Extent(4) - 1;
    return builder_.Add(op);
  }

  int32_t Reshape() {
    Op op = MakeOp(OpKind::kReshape);
    op.reshape = {1, shape_.height, shape_.width * shape_.channels};
    return builder_.Add(op);
  }

  int32_t Concat() {
    Op op = MakeOp(OpKind::kConcat);
    op.axis = static_cast<Axis>(random_.Below(3));
    const bool channels = op.axis == Axis::kChannels;
    const int64_t count = random_.Between(0, 3);
    for (int64_t i = 0; i < count; ++i) {
      const int32_t other = channels ? Extent(limits_.channels) : shape_.channels;
      const bool constant = random_.Chance(0.2);
      op.inputs.push_back(constant ? Constant({shape_.height, shape_.width, other})
                                   : Pointwise(other));
    }
    return builder_.Add(op);
  }

  int32_t ResizeNearest() {
    Op op = MakeOp(OpKind::kResizeNearest);
    op.reshape = {Extent(2 * limits_.height), Extent(2 * limits_.width), 1};
    op.align_corners = random_.Chance(0.3);
    op.half_pixel_centers = !op.align_corners && random_.Chance(0.3);
    return builder_.Add(op);
  }

  int32_t Function(OpKind kind) {
    Op op = MakeOp(kind);
    if (kind == OpKind::kQuantize) op.activation = RandomActivation(random_);
    if (kind == OpKind::kSoftmax) op.beta = random_.Chance(0.8) ? 1.0f : 0.25f;
    return builder_.Add(op);
  }

  int32_t AddStep() {
    switch (kind_) {
      case CaseKind::kConvolution:
        return Convolution(false, false);
      case CaseKind::kPointwise:
        return Convolution(true, false);
      case CaseKind::kConvolutionAdd:
        return Convolution(false, true);
      case CaseKind::kPointwiseAdd:
        return Convolution(true, true);
      case CaseKind::kDepthwise:
        return Depthwise();
      case CaseKind::kFullyConnected:
        return FullyConnected();
      case CaseKind::kAdd:
        return Pair(OpKind::kAdd);
      case CaseKind::kMul:
        return Pair(OpKind::kMul);
      case CaseKind::kAveragePool:
        return Pool(OpKind::kAveragePool);
      case CaseKind::kMaxPool:
        return Pool(OpKind::kMaxPool);
      case CaseKind::kMean:
        return builder_.Mean("mean", x_, static_cast<Axis>(random_.Below(3)));
      case CaseKind::kPad:
        return PadOp();
      case CaseKind::kSoftmax:
        return Function(OpKind::kSoftmax);
      case CaseKind::kReshape:
        return Reshape();
      case CaseKind::kConcat:
        return Concat();
      case CaseKind::kResizeNearest:
        return ResizeNearest();
      case CaseKind::kQuantize:
        return Function(OpKind::kQuantize);
      case CaseKind::kHardSwish:
        return Function(OpKind::kHardSwish);
      case CaseKind::kSigmoid:
        return Function(OpKind::kSigmoid);
    }
    LOG(FATAL) << "unknown kind";
  }

  const CaseKind kind_;
  Random& random_;
  const CaseLimits limits_;
  GraphBuilder builder_;
  Shape shape_;
  int32_t x_ = -1;
  std::vector<int32_t> constants_;
};

bool IsFused(CaseKind kind) {
  return kind == CaseKind::kConvolutionAdd || kind == CaseKind::kPointwiseAdd;
}

// Whether `op` wants one quantization for inputs and output, or a certain one for its output.
bool SharesQuantization(OpKind kind) {
  return kind == OpKind::kAveragePool || kind == OpKind::kMaxPool || kind == OpKind::kPad ||
         kind == OpKind::kReshape || kind == OpKind::kConcat || kind == OpKind::kResizeNearest;
}

bool HasFixedOutput(OpKind kind) { return kind == OpKind::kSoftmax || kind == OpKind::kSigmoid; }

// Scales rather too large than too small: saturated outputs say little.
Quantization RandomQuantization(const Quantization& plausible, Random& random) {
  const double factor = std::exp2(2.5 * random.Unit() - 0.5);
  int64_t zero_point = random.Between(-60, 60);
  if (random.Chance(0.15)) zero_point = random.Chance(0.5) ? -128 : 127;
  return {plausible.scale * static_cast<float>(factor), static_cast<int32_t>(zero_point)};
}

// Moves the quantization of a RandomModel off the plausible.
void Requantize(Model& model, Random& random) {
  std::vector<Quantization> fresh;
  for (const Quantization& q : model.quantization) fresh.push_back(RandomQuantization(q, random));
  for (const Op& op : model.graph.ops) {
    if (HasFixedOutput(op.kind)) fresh[op.output] = model.quantization[op.output];
    if (!SharesQuantization(op.kind)) continue;
    for (int32_t input : op.inputs) fresh[input] = fresh[op.output];
  }
  model.quantization = std::move(fresh);
}

void RandomizeWeights(Model& model, Random& random) {
  for (OpWeights& weights : model.weights) {
    const bool extreme = random.Chance(0.3);
    const float factor = random.Chance(0.1) ? 300.0f : 1.0f;  // Multipliers above 1.
    for (int8_t& w : weights.filter) {
      if (extreme && random.Chance(0.2)) w = random.Chance(0.6) ? -128 : 127;
    }
    for (float& scale : weights.filter_scales) {
      scale *= factor;
      if (!weights.per_tensor) scale *= static_cast<float>(std::exp2(4 * random.Unit() - 2));
    }
  }
}

std::string Describe(const KernelCase& c) {
  const Graph& graph = c.model.graph;
  const Op& op = c.first_op();
  const Window& w = op.window;
  std::string text = absl::StrFormat("%s -> %s", graph.input_shape(op).ToString(),
                                     graph.output_shape(op).ToString());
  const bool plain = w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 && w.stride_w == 1;
  if (!plain || w.pad_top + w.pad_bottom + w.pad_left + w.pad_right > 0) {
    absl::StrAppendFormat(&text, ", window %dx%d stride %dx%d pad %d,%d,%d,%d", w.kernel_h,
                          w.kernel_w, w.stride_h, w.stride_w, w.pad_top, w.pad_left, w.pad_bottom,
                          w.pad_right);
  }
  return text;
}

// One attempt; core/quant may refuse its scales.
absl::StatusOr<KernelCase> TryCase(CaseKind kind, uint64_t seed, Random& random,
                                   const CaseLimits& limits) {
  CaseGraph builder(kind, random, limits);
  BL_ASSIGN_OR_RETURN(Graph graph, builder.Build());
  Model model = RandomModel(graph, random.Next());
  Requantize(model, random);
  RandomizeWeights(model, random);
  const auto last = static_cast<int32_t>(graph.ops.size()) - 1;
  Step step;
  step.name = graph.ops.back().name;
  step.ops.push_back(IsFused(kind) ? last - 1 : last);
  if (IsFused(kind)) step.ops.push_back(last);
  return MakeCaseOf(std::move(model), std::move(step), seed);
}

}  // namespace

const char* CaseKindName(CaseKind kind) { return kNames[static_cast<int>(kind)]; }

absl::StatusOr<KernelCase> MakeCaseOf(Model model, Step step, uint64_t seed) {
  KernelCase c;
  c.seed = seed;
  c.model = std::move(model);
  c.step = std::move(step);
  BL_ASSIGN_OR_RETURN(Interpreter interpreter, Interpreter::Create(c.model));
  Random random = Random::ForItem(seed, 1);
  std::vector<int8_t> input(c.model.graph.shape(c.model.graph.input).elements());
  for (int8_t& value : input) value = static_cast<int8_t>(random.Between(-128, 127));
  BL_RETURN_IF_ERROR(interpreter.Run(input));
  for (size_t t = 0; t < c.model.graph.tensors.size(); ++t) {
    const absl::Span<const int8_t> values = interpreter.Tensor(static_cast<int32_t>(t));
    c.values.emplace_back(values.begin(), values.end());
  }
  c.label = absl::StrFormat("seed %d: %s", seed, Describe(c));
  return c;
}

KernelCase MakeKernelCase(CaseKind kind, uint64_t seed, const CaseLimits& limits) {
  Random random = Random::ForItem(seed, static_cast<uint64_t>(kind) << 32);
  constexpr int kAttempts = 1000;
  absl::Status refused;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<KernelCase> c = TryCase(kind, seed, random, limits);
    if (c.ok()) {
      c->label = absl::StrFormat("%s %s", CaseKindName(kind), c->label);
      return *std::move(c);
    }
    refused = c.status();
  }
  LOG(FATAL) << "no valid " << CaseKindName(kind) << " case from seed " << seed << ": " << refused;
}

int KernelSeeds(int normally) {
  const char* wanted = std::getenv("BL_KERNEL_SEEDS");
  int seeds = 0;
  return wanted != nullptr && absl::SimpleAtoi(wanted, &seeds) ? seeds : normally;
}

}  // namespace boardloop
