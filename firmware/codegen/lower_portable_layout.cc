// Pools, MEAN, and the operators that move values.
#include "core/base/status.h"
#include "core/quant/layout.h"
#include "core/quant/pooling.h"
#include "firmware/codegen/lower_portable.h"
#include "glog/logging.h"

namespace boardloop {
namespace {

LoweredCall LowerPad(const Model& model, const Op& op) {
  CallBuilder call("bl_pad_s8", "bl_pad_params", op.inputs[0], op.output);
  call.Integer("top", op.window.pad_top);
  call.Integer("left", op.window.pad_left);
  call.Integer("value", model.quantization[op.output].zero_point);
  return std::move(call).Build();
}

LoweredCall LowerResizeNearest(const Model& model, const Op& op) {
  const Shape& in = model.graph.input_shape(op);
  const Shape& out = model.graph.output_shape(op);
  CallBuilder call("bl_resize_nearest_s8", "bl_resize_params", op.inputs[0], op.output);
  const auto append = [&](int32_t in_extent, int32_t out_extent) {
    for (int32_t i = 0; i < out_extent; ++i) {
      call.AppendHalf(static_cast<uint32_t>(
          NearestIndex(i, in_extent, out_extent, op.align_corners, op.half_pixel_centers)));
    }
  };
  call.Pointer("rows");
  append(in.height, out.height);
  call.Pointer("columns");
  append(in.width, out.width);
  return std::move(call).Build();
}

LoweredCall LowerConcatInput(const Model& model, const Op& op, int32_t input, int32_t offset) {
  const Graph& graph = model.graph;
  const bool constant = graph.tensors[input].constant;
  // A constant is no view of the arena: the output stands in for the input, which is not read.
  CallBuilder call(constant ? "bl_concat_constant_s8" : "bl_concat_s8",
                   constant ? "bl_concat_constant_params" : "bl_concat_params",
                   constant ? op.output : input, op.output);
  if (constant) {
    call.Pointer("constant");
    call.AppendBytes(model.constants.at(input));
    call.Integer("rows", graph.shape(input).height);
    call.Integer("columns", graph.shape(input).width);
    call.Integer("channels", graph.shape(input).channels);
  }
  call.Integer("first_row", op.axis == Axis::kHeight ? offset : 0);
  call.Integer("first_column", op.axis == Axis::kWidth ? offset : 0);
  call.Integer("first_channel", op.axis == Axis::kChannels ? offset : 0);
  return std::move(call).Build();
}

}  // namespace

absl::StatusOr<LoweredCall> LowerPortablePool(const Model& model, const Op& op) {
  BL_ASSIGN_OR_RETURN(const ActivationRange range, PreparePool(op, model.quantization[op.output]));
  CallBuilder call(op.kind == OpKind::kMaxPool ? "bl_max_pool_s8" : "bl_average_pool_s8",
                   "bl_pool_params", op.inputs[0], op.output);
  call.Integer("kernel_height", op.window.kernel_h);
  call.Integer("kernel_width", op.window.kernel_w);
  call.Integer("stride_height", op.window.stride_h);
  call.Integer("stride_width", op.window.stride_w);
  call.Integer("minimum", range.min);
  call.Integer("maximum", range.max);
  return std::move(call).Build();
}

absl::StatusOr<LoweredCall> LowerPortableMean(const Model& model, const Op& op) {
  BL_ASSIGN_OR_RETURN(const MeanParams params,
                      PrepareMean(model.quantization[op.inputs[0]], model.quantization[op.output],
                                  model.graph.input_shape(op), model.graph.output_shape(op)));
  CallBuilder call("bl_mean_s8", "bl_mean_params", op.inputs[0], op.output);
  call.Integer("mantissa", params.multiplier.mantissa);
  call.Integer("shift", params.multiplier.shift);
  call.Integer("zero_point_input", params.zero_point_input);
  call.Integer("zero_point_output", params.zero_point_output);
  return std::move(call).Build();
}

LoweredCall LowerPortableLayout(const Model& model, const Op& op) {
  if (op.kind == OpKind::kPad) return LowerPad(model, op);
  if (op.kind == OpKind::kResizeNearest) return LowerResizeNearest(model, op);
  CHECK(op.kind == OpKind::kReshape) << OpKindName(op.kind);
  return CallBuilder("bl_copy_s8", "bl_copy_params", op.inputs[0], op.output).Build();
}

std::vector<LoweredCall> LowerPortableConcat(const Model& model, const Op& op) {
  std::vector<LoweredCall> calls;
  int32_t offset = 0;
  for (int32_t input : op.inputs) {
    calls.push_back(LowerConcatInput(model, op, input, offset));
    offset += Extent(model.graph.shape(input), op.axis);
  }
  return calls;
}

}  // namespace boardloop
