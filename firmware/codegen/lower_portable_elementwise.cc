// ADD, MUL and the functions of one value.
#include <array>

#include "core/base/status.h"
#include "core/quant/activations.h"
#include "core/quant/elementwise.h"
#include "core/quant/fixed_point_functions.h"
#include "firmware/codegen/lower_portable.h"

namespace boardloop {
namespace {

// bl_mul_terms
absl::Status AppendMulTerms(const Model& model, const Op& op, int first, CallBuilder& call) {
  BL_ASSIGN_OR_RETURN(const MulParams p,
                      PrepareMul(model.quantization[op.inputs[0]], model.quantization[op.inputs[1]],
                                 model.quantization[op.output], op.activation));
  call.AppendWord(first == 0 ? p.zero_point_a : p.zero_point_b);
  call.AppendWord(first == 0 ? p.zero_point_b : p.zero_point_a);
  call.AppendWord(p.multiplier.mantissa);
  call.AppendWord(p.multiplier.shift);
  call.AppendWord(p.zero_point_output);
  call.AppendWord(p.range.min);
  call.AppendWord(p.range.max);
  return absl::OkStatus();
}

void AppendStrides(const Shape& shape, CallBuilder& call) {
  call.AppendWord(shape.height > 1 ? shape.width * shape.channels : 0);
  call.AppendWord(shape.width > 1 ? shape.channels : 0);
  call.AppendWord(shape.channels > 1 ? 1 : 0);
}

// Every value of int8, ascending.
std::array<int8_t, 256> AllValues() {
  std::array<int8_t, 256> values{};
  for (int32_t q = -128; q <= 127; ++q) values[q + 128] = static_cast<int8_t>(q);
  return values;
}

// What core/quant gives for each value.
absl::StatusOr<std::array<int8_t, 256>> MakeTable(const Model& model, const Op& op) {
  const Quantization& in = model.quantization[op.inputs[0]];
  const Quantization& out = model.quantization[op.output];
  if (op.kind == OpKind::kSigmoid) return MakeSigmoidTable(in);
  const std::array<int8_t, 256> values = AllValues();
  std::array<int8_t, 256> table{};
  if (op.kind == OpKind::kHardSwish) {
    BL_ASSIGN_OR_RETURN(const HardSwishParams params, PrepareHardSwish(in, out));
    HardSwish(params, values, absl::MakeSpan(table));
  } else {
    BL_ASSIGN_OR_RETURN(const QuantizeParams params, PrepareQuantize(in, out, op.activation));
    Quantize(params, values, absl::MakeSpan(table));
  }
  return table;
}

absl::StatusOr<LoweredCall> LowerSoftmax(const Model& model, const Op& op) {
  const int32_t channels = model.graph.input_shape(op).channels;
  BL_ASSIGN_OR_RETURN(const SoftmaxParams params,
                      PrepareSoftmax(model.quantization[op.inputs[0]], op.beta, channels));
  CallBuilder call("bl_softmax_s8", "bl_softmax_params", op.inputs[0], op.output);
  call.Pointer("exp");
  for (int32_t difference = 0; difference < 256; ++difference) {
    const bool vanishes = -difference < params.lowest_difference;
    call.AppendWord(vanishes ? 0 : ExpOfNegative(Multiply(-difference, params.multiplier)));
  }
  return std::move(call).Build();
}

}  // namespace

absl::Status AppendAddTerms(const Model& model, const Op& add, int first, CallBuilder& call) {
  BL_ASSIGN_OR_RETURN(
      const AddParams p,
      PrepareAdd(model.quantization[add.inputs[first]], model.quantization[add.inputs[1 - first]],
                 model.quantization[add.output], add.activation));
  for (int32_t word :
       {p.zero_point_a, p.multiplier_a.mantissa, p.multiplier_a.shift, p.zero_point_b,
        p.multiplier_b.mantissa, p.multiplier_b.shift, p.multiplier_output.mantissa,
        p.multiplier_output.shift, p.zero_point_output, p.range.min, p.range.max}) {
    call.AppendWord(word);
  }
  return absl::OkStatus();
}

absl::StatusOr<LoweredCall> LowerPortableElementwise(const Model& model, const Op& op) {
  const Graph& graph = model.graph;
  const int first = graph.tensors[op.inputs[0]].constant ? 1 : 0;  // A constant comes second.
  const int32_t input = op.inputs[first], second = op.inputs[1 - first];
  const bool constant = graph.tensors[second].constant;
  const bool broadcast = graph.shape(input) != graph.shape(second);
  const std::string base = op.kind == OpKind::kAdd ? "bl_add" : "bl_mul";
  const std::string variant = base + (constant ? "_constant" : broadcast ? "_broadcast" : "");
  CallBuilder call(variant + "_s8", variant + "_params", input, op.output);
  call.Pointer("terms");
  BL_RETURN_IF_ERROR(op.kind == OpKind::kAdd ? AppendAddTerms(model, op, first, call)
                                             : AppendMulTerms(model, op, first, call));
  if (!constant) call.SetSecond(second);
  if (constant || broadcast) {
    call.Pointer("strides");
    AppendStrides(graph.shape(input), call);
    AppendStrides(graph.shape(second), call);
  }
  if (constant) {
    call.Pointer("constant");
    call.AppendBytes(model.constants.at(second));
  }
  return std::move(call).Build();
}

absl::StatusOr<LoweredCall> LowerPortableFunction(const Model& model, const Op& op) {
  if (op.kind == OpKind::kSoftmax) return LowerSoftmax(model, op);
  BL_ASSIGN_OR_RETURN(const auto table, MakeTable(model, op));
  CallBuilder call("bl_table_s8", "bl_table_params", op.inputs[0], op.output);
  call.Pointer("table");
  for (int8_t value : table) call.AppendByte(value);
  return std::move(call).Build();
}

}  // namespace boardloop
