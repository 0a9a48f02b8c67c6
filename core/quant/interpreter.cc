#include "core/quant/interpreter.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/quant/activations.h"
#include "core/quant/convolution.h"
#include "core/quant/elementwise.h"
#include "core/quant/layout.h"
#include "core/quant/pooling.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

// One operator, prepared: reads and writes buffers that it has captured.
using Step = std::function<void()>;

}  // namespace

struct Interpreter::State {
  explicit State(const Model& m) : model(m) {}

  const Model& model;
  std::vector<std::vector<int8_t>> buffers;  // By tensor; empty where nothing reads or writes.
  std::vector<int16_t> scratch;              // Shared by the convolutions.
  std::vector<Step> steps;                   // By operator.

  absl::Status AllocateTensors();
  absl::StatusOr<Step> Prepare(const Op& op, const OpWeights& weights);
  template <typename Convolution>
  absl::StatusOr<Step> PrepareWeighted(const Op& op, const OpWeights& weights);
  absl::StatusOr<Step> PrepareElementwise(const Op& op);
  absl::StatusOr<Step> PrepareReduction(const Op& op);
  absl::StatusOr<Step> PrepareFunction(const Op& op);
  Step PrepareLayout(const Op& op);

  const Quantization& quantization(int32_t tensor) const { return model.quantization[tensor]; }
  absl::Span<const int8_t> input(const Op& op, int i = 0) const { return buffers[op.inputs[i]]; }
  absl::Span<int8_t> output(const Op& op) { return absl::MakeSpan(buffers[op.output]); }
  Operand operand(const Op& op, int i) const {
    return {input(op, i), model.graph.input_shape(op, i)};
  }
};

absl::Status Interpreter::State::AllocateTensors() {
  const Graph& graph = model.graph;
  std::vector<int32_t> written = {graph.input};
  for (const Op& op : graph.ops) written.push_back(op.output);
  int64_t bytes = 0;
  for (int32_t tensor : written) bytes += graph.shape(tensor).elements();
  if (bytes > kMaxBytes) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "the activations take %d bytes, the interpreter has at most %d", bytes, kMaxBytes));
  }
  buffers.resize(graph.tensors.size());
  for (int32_t tensor : written) buffers[tensor].resize(graph.shape(tensor).elements());
  for (const auto& [tensor, values] : model.constants) buffers[tensor] = values;
  return absl::OkStatus();
}

template <typename Convolution>
absl::StatusOr<Step> Interpreter::State::PrepareWeighted(const Op& op, const OpWeights& weights) {
  BL_ASSIGN_OR_RETURN(
      ConvolutionParams params,
      PrepareConvolution(op, weights, quantization(op.inputs[0]), quantization(op.output)));
  const Graph& graph = model.graph;
  const int64_t elements =
      Convolution::ScratchElements(op, graph.input_shape(op), graph.output_shape(op));
  if (elements > kMaxBytes / 2) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("its padded input takes %d bytes, the interpreter has at most %d",
                        2 * elements, kMaxBytes));
  }
  if (elements > static_cast<int64_t>(scratch.size())) scratch.resize(elements);
  Convolution convolution(std::move(params), op, weights, graph.input_shape(op),
                          graph.output_shape(op));
  // scratch may still grow: its address is taken when the step runs.
  return Step([this, &op, convolution = std::move(convolution)] {
    convolution.Run(input(op), output(op), scratch.data());
  });
}

absl::StatusOr<Step> Interpreter::State::PrepareElementwise(const Op& op) {
  const Quantization& in = quantization(op.inputs[0]);
  const Quantization& out = quantization(op.output);
  const Shape& out_shape = model.graph.output_shape(op);
  if (op.kind == OpKind::kQuantize) {
    BL_ASSIGN_OR_RETURN(QuantizeParams params, PrepareQuantize(in, out, op.activation));
    return Step([this, &op, params] { Quantize(params, input(op), output(op)); });
  }
  const Quantization& other = quantization(op.inputs[1]);
  if (op.kind == OpKind::kAdd) {
    BL_ASSIGN_OR_RETURN(AddParams params, PrepareAdd(in, other, out, op.activation));
    return Step([this, &op, &out_shape, params] {
      Add(params, operand(op, 0), operand(op, 1), out_shape, output(op));
    });
  }
  BL_ASSIGN_OR_RETURN(MulParams params, PrepareMul(in, other, out, op.activation));
  return Step([this, &op, &out_shape, params] {
    Mul(params, operand(op, 0), operand(op, 1), out_shape, output(op));
  });
}

absl::StatusOr<Step> Interpreter::State::PrepareReduction(const Op& op) {
  const Quantization& out = quantization(op.output);
  const Shape& in_shape = model.graph.input_shape(op);
  const Shape& out_shape = model.graph.output_shape(op);
  if (op.kind == OpKind::kMean) {
    BL_ASSIGN_OR_RETURN(MeanParams params,
                        PrepareMean(quantization(op.inputs[0]), out, in_shape, out_shape));
    return Step([this, &op, &in_shape, &out_shape, params] {
      Mean(params, input(op), in_shape, output(op), out_shape);
    });
  }
  BL_ASSIGN_OR_RETURN(ActivationRange range, PreparePool(op, out));
  auto pool = op.kind == OpKind::kMaxPool ? MaxPool : AveragePool;
  return Step([this, &op, &in_shape, &out_shape, range, pool] {
    pool(range, op.window, input(op), in_shape, output(op), out_shape);
  });
}

absl::StatusOr<Step> Interpreter::State::PrepareFunction(const Op& op) {
  const Quantization& in = quantization(op.inputs[0]);
  if (op.kind == OpKind::kSigmoid) {
    return Step(
        [this, &op, table = MakeSigmoidTable(in)] { Sigmoid(table, input(op), output(op)); });
  }
  if (op.kind == OpKind::kHardSwish) {
    BL_ASSIGN_OR_RETURN(HardSwishParams params, PrepareHardSwish(in, quantization(op.output)));
    return Step([this, &op, params] { HardSwish(params, input(op), output(op)); });
  }
  const int32_t channels = model.graph.input_shape(op).channels;
  BL_ASSIGN_OR_RETURN(SoftmaxParams params, PrepareSoftmax(in, op.beta, channels));
  return Step([this, &op, channels, params] { Softmax(params, input(op), channels, output(op)); });
}

// Operators that move values.
Step Interpreter::State::PrepareLayout(const Op& op) {
  const Shape& in_shape = model.graph.input_shape(op);
  const Shape& out_shape = model.graph.output_shape(op);
  if (op.kind == OpKind::kPad) {
    auto value = static_cast<int8_t>(quantization(op.output).zero_point);
    return
        [this, &op, &in_shape, value] { Pad(op.window, value, input(op), in_shape, output(op)); };
  }
  if (op.kind == OpKind::kResizeNearest) {
    return [this, &op, &in_shape, &out_shape] {
      ResizeNearest(op.align_corners, op.half_pixel_centers, input(op), in_shape, output(op),
                    out_shape);
    };
  }
  if (op.kind == OpKind::kConcat) {
    return [this, &op, &out_shape] {
      int32_t offset = 0;
      for (int i = 0; i < static_cast<int>(op.inputs.size()); ++i) {
        const Shape& shape = model.graph.input_shape(op, i);
        ConcatOne(op.axis, offset, input(op, i), shape, output(op), out_shape);
        offset += Extent(shape, op.axis);
      }
    };
  }
  CHECK(op.kind == OpKind::kReshape) << OpKindName(op.kind);
  return [this, &op] { std::copy(input(op).begin(), input(op).end(), output(op).begin()); };
}

absl::StatusOr<Step> Interpreter::State::Prepare(const Op& op, const OpWeights& weights) {
  switch (op.kind) {
    case OpKind::kConv2d:
    case OpKind::kFullyConnected:
      return PrepareWeighted<DenseConvolution>(op, weights);
    case OpKind::kDepthwiseConv2d:
      return PrepareWeighted<DepthwiseConvolution>(op, weights);
    case OpKind::kAdd:
    case OpKind::kMul:
    case OpKind::kQuantize:
      return PrepareElementwise(op);
    case OpKind::kAveragePool:
    case OpKind::kMaxPool:
    case OpKind::kMean:
      return PrepareReduction(op);
    case OpKind::kSoftmax:
    case OpKind::kHardSwish:
    case OpKind::kSigmoid:
      return PrepareFunction(op);
    case OpKind::kPad:
    case OpKind::kReshape:
    case OpKind::kConcat:
    case OpKind::kResizeNearest:
      return PrepareLayout(op);
  }
  return absl::InvalidArgumentError("unknown operator kind");
}

absl::StatusOr<Interpreter> Interpreter::Create(const Model& model) {
  BL_RETURN_IF_ERROR(ValidateModel(model));
  auto state = std::make_unique<State>(model);
  BL_RETURN_IF_ERROR(state->AllocateTensors());
  for (size_t i = 0; i < model.graph.ops.size(); ++i) {
    const Op& op = model.graph.ops[i];
    absl::StatusOr<Step> step = state->Prepare(op, model.weights[i]);
    if (!step.ok()) {
      return Annotate(step.status(),
                      absl::StrFormat("op %d (%s \"%s\")", i, OpKindName(op.kind), op.name));
    }
    state->steps.push_back(*std::move(step));
  }
  return Interpreter(std::move(state));
}

Interpreter::Interpreter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;
Interpreter::~Interpreter() = default;

absl::Status Interpreter::Run(absl::Span<const int8_t> input) {
  std::vector<int8_t>& buffer = state_->buffers[state_->model.graph.input];
  if (input.size() != buffer.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "input has %d values, the network takes %d (%s)", input.size(), buffer.size(),
        state_->model.graph.shape(state_->model.graph.input).ToString()));
  }
  std::copy(input.begin(), input.end(), buffer.begin());
  for (const Step& step : state_->steps) step();
  return absl::OkStatus();
}

absl::Span<const int8_t> Interpreter::Tensor(int32_t tensor) const {
  return state_->buffers[tensor];
}

absl::Span<const int8_t> Interpreter::Output() const {
  return Tensor(state_->model.graph.outputs[0]);
}

}  // namespace boardloop
