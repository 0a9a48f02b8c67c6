#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/graph/graph.h"

namespace boardloop {

int32_t GraphBuilder::Input(const Shape& shape, std::string name) {
  graph_.tensors.push_back(Tensor{shape, std::move(name), /*constant=*/false});
  graph_.input = static_cast<int32_t>(graph_.tensors.size()) - 1;
  return graph_.input;
}

int32_t GraphBuilder::Constant(const Shape& shape, std::string name) {
  graph_.tensors.push_back(Tensor{shape, std::move(name), /*constant=*/true});
  return static_cast<int32_t>(graph_.tensors.size()) - 1;
}

int32_t GraphBuilder::Add(Op op) {
  absl::InlinedVector<Shape, 2> inputs;
  for (int32_t input : op.inputs) inputs.push_back(shape(input));
  // After an error the tensors are only there so that callers can go on; Build reports the error.
  Shape output;
  if (status_.ok()) {
    absl::StatusOr<Shape> inferred = InferShape(op, inputs);
    if (inferred.ok()) {
      output = *inferred;
    } else {
      status_ =
          Annotate(inferred.status(), absl::StrFormat("%s \"%s\"", OpKindName(op.kind), op.name));
    }
  }
  graph_.tensors.push_back(Tensor{output, op.name, /*constant=*/false});
  op.output = static_cast<int32_t>(graph_.tensors.size()) - 1;
  graph_.ops.push_back(std::move(op));
  return graph_.ops.back().output;
}

int32_t GraphBuilder::Conv(std::string name, int32_t input, int32_t out_channels,
                           const Window& window, Activation activation) {
  Op op;
  op.kind = OpKind::kConv2d;
  op.name = std::move(name);
  op.inputs = {input};
  op.out_channels = out_channels;
  op.window = window;
  op.activation = activation;
  return Add(std::move(op));
}

int32_t GraphBuilder::Depthwise(std::string name, int32_t input, const Window& window,
                                Activation activation) {
  Op op;
  op.kind = OpKind::kDepthwiseConv2d;
  op.name = std::move(name);
  op.inputs = {input};
  op.out_channels = shape(input).channels;
  op.window = window;
  op.activation = activation;
  return Add(std::move(op));
}

int32_t GraphBuilder::FullyConnected(std::string name, int32_t input, int32_t out_channels) {
  Op op;
  op.kind = OpKind::kFullyConnected;
  op.name = std::move(name);
  op.inputs = {input};
  op.out_channels = out_channels;
  return Add(std::move(op));
}

int32_t GraphBuilder::AddTensors(std::string name, int32_t a, int32_t b, Activation activation) {
  Op op;
  op.kind = OpKind::kAdd;
  op.name = std::move(name);
  op.inputs = {a, b};
  op.activation = activation;
  return Add(std::move(op));
}

int32_t GraphBuilder::Mean(std::string name, int32_t input, Axis axis) {
  Op op;
  op.kind = OpKind::kMean;
  op.name = std::move(name);
  op.inputs = {input};
  op.axis = axis;
  return Add(std::move(op));
}

int32_t GraphBuilder::MaxPool(std::string name, int32_t input, const Window& window) {
  Op op;
  op.kind = OpKind::kMaxPool;
  op.name = std::move(name);
  op.inputs = {input};
  op.window = window;
  return Add(std::move(op));
}

absl::StatusOr<Graph> GraphBuilder::Build(std::vector<int32_t> outputs) && {
  if (!status_.ok()) return status_;
  if (graph_.ops.size() > kMaxOps) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d operators, at most %d are supported", graph_.ops.size(), kMaxOps));
  }
  graph_.outputs = std::move(outputs);
  return std::move(graph_);
}

}  // namespace boardloop
