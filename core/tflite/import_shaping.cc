// Operators that move, copy or rename values: PAD, RESHAPE and its kin, TRANSPOSE, CONCATENATION,
// RESIZE_NEAREST_NEIGHBOR.
#include <algorithm>
#include <utility>

#include "core/tflite/import_operators.h"

namespace boardloop::tflite {
namespace {

// One row, (before, after), for each dimension. Only height and width may be padded.
absl::StatusOr<Padding> ReadPaddings(NetworkBuilder& net, int32_t tensor, size_t rank) {
  if (tensor == kAbsentInput) return Invalid("the paddings are missing");
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> rows,
                      net.tensors().ReadSmallConstant(tensor, "paddings"));
  if (rows.size() != 2 * rank) {
    return Invalid("paddings %s have %d values, an input of %d dimensions needs %d",
                   net.file().Quoted(tensor), rows.size(), rank, 2 * rank);
  }
  Layout layout = NaturalLayout(rank);
  Padding padding;
  for (size_t i = 0; i < rank; ++i) {
    int64_t before = rows[2 * i];
    int64_t after = rows[2 * i + 1];
    if (before < 0 || after < 0 || before > kMaxDimension || after > kMaxDimension) {
      return Invalid("dimension %d is padded by %d and %d, must be in [0, %d]", i, before, after,
                     kMaxDimension);
    }
    if (layout[i] == Dimension::kHeight) {
      padding.top = static_cast<int32_t>(before);
      padding.bottom = static_cast<int32_t>(after);
    } else if (layout[i] == Dimension::kWidth) {
      padding.left = static_cast<int32_t>(before);
      padding.right = static_cast<int32_t>(after);
    } else if (before != 0 || after != 0) {
      return Unsupported("dimension %d is padded by %d and %d; only height and width can be", i,
                         before, after);
    }
  }
  return padding;
}

// The value that PADV2 puts around: a constant on the scale of the input.
absl::StatusOr<int32_t> ReadPadValue(NetworkBuilder& net, int32_t tensor, int32_t like) {
  if (tensor == kAbsentInput) return Invalid("the padding value is missing");
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(tensor, like));
  BL_ASSIGN_OR_RETURN(std::vector<int8_t> values, net.tensors().ReadInt8(tensor));
  if (values.size() == 1) return values[0];
  return Invalid("padding value %s has %d values, must have 1", net.file().Quoted(tensor),
                 values.size());
}

absl::Status EmitReshape(NetworkBuilder& net, int32_t input, int32_t tensor) {
  BL_ASSIGN_OR_RETURN(Extents extents, net.tensors().ReadExtents(tensor));
  BL_ASSIGN_OR_RETURN(Shape shape, NaturalShape(extents));
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(tensor, input));
  // The rank is no property of a graph's tensor: [1, 1, 1, 10] to [1, 10] is nothing to compute.
  if (shape == net.shape(input)) {
    return net.Define(tensor, Value{input, NaturalLayout(extents.size()), std::nullopt});
  }
  Op reshape;
  reshape.kind = OpKind::kReshape;
  reshape.inputs = {input};
  reshape.reshape = shape;
  return net.Emit(std::move(reshape), tensor);
}

// The shape a RESHAPE asks for, from its second input or else its options; -1 stands for what is
// left.
absl::StatusOr<std::vector<int64_t>> ReadNewShape(NetworkBuilder& net, const FileOperator& op) {
  if (op.input(1) != kAbsentInput) {
    return net.tensors().ReadSmallConstant(op.input(1), "new shape");
  }
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::ReshapeOptions>(op));
  std::vector<int64_t> shape;
  if (options->new_shape() != nullptr) {
    shape.assign(options->new_shape()->begin(), options->new_shape()->end());
  }
  return shape;
}

absl::Status CheckNewShape(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> wanted, ReadNewShape(net, op));
  BL_ASSIGN_OR_RETURN(Extents found, net.tensors().ReadExtents(op.outputs[0]));
  bool agree = wanted.size() == found.size() && std::count(wanted.begin(), wanted.end(), -1) <= 1;
  for (size_t i = 0; agree && i < found.size(); ++i) {
    agree = wanted[i] == -1 || wanted[i] == found[i];
  }
  if (agree) return absl::OkStatus();
  return Invalid("output %s has shape %s, which is not the new shape that the operator asks for",
                 net.file().Quoted(op.outputs[0]), ToString(found));
}

Extents WithoutOnes(Extents extents) {
  extents.erase(std::remove(extents.begin(), extents.end(), 1), extents.end());
  return extents;
}

// For each dimension of the output, the dimension of the input that it was.
absl::StatusOr<std::vector<int64_t>> ReadPermutation(NetworkBuilder& net, const FileOperator& op,
                                                     size_t rank) {
  if (op.input(1) == kAbsentInput) return Invalid("the permutation is missing");
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> permutation,
                      net.tensors().ReadSmallConstant(op.input(1), "permutation"));
  std::vector<int64_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  bool valid = sorted.size() == rank;
  for (size_t i = 0; valid && i < rank; ++i) valid = sorted[i] == static_cast<int64_t>(i);
  if (valid) return permutation;
  return Invalid("permutation %s is none of %d dimensions", net.file().Quoted(op.input(1)), rank);
}

}  // namespace

absl::Status ImportPad(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], input));
  BL_ASSIGN_OR_RETURN(Extents in, net.tensors().ReadExtents(op.input(0)));
  BL_ASSIGN_OR_RETURN(Padding padding, ReadPaddings(net, op.input(1), in.size()));
  padding.value = net.quantization(input).zero_point;
  if (op.code == fb::BuiltinOperator::PADV2) {
    BL_ASSIGN_OR_RETURN(padding.value, ReadPadValue(net, op.input(2), input));
  }
  BL_ASSIGN_OR_RETURN(Extents out, net.tensors().ReadExtents(op.outputs[0]));
  Shape padded = net.shape(input);
  padded.height += padding.top + padding.bottom;
  padded.width += padding.left + padding.right;
  if (!Describes(NaturalLayout(in.size()), out, padded)) {
    return Invalid("output %s has shape %s, should hold %s", net.file().Quoted(op.outputs[0]),
                   ToString(out), padded.ToString());
  }
  return net.Define(op.outputs[0], Value{input, NaturalLayout(in.size()), padding});
}

absl::Status ImportReshape(NetworkBuilder& net, const FileOperator& op) {
  BL_RETURN_IF_ERROR(CheckNewShape(net, op));
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  return EmitReshape(net, input, op.outputs[0]);
}

absl::Status ImportSqueeze(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  BL_ASSIGN_OR_RETURN(Extents in, net.tensors().ReadExtents(op.input(0)));
  BL_ASSIGN_OR_RETURN(Extents out, net.tensors().ReadExtents(op.outputs[0]));
  if (WithoutOnes(in) != WithoutOnes(out)) {
    return Invalid("output %s has shape %s, which differs from the input's %s by more than ones",
                   net.file().Quoted(op.outputs[0]), ToString(out), ToString(in));
  }
  return EmitReshape(net, input, op.outputs[0]);
}

absl::Status ImportTranspose(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(Value value, net.ReadUnpadded(op.input(0)));
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], value.tensor));
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> permutation,
                      ReadPermutation(net, op, value.layout.size()));
  Layout layout;
  for (int64_t from : permutation) layout.push_back(value.layout[from]);
  BL_ASSIGN_OR_RETURN(Extents out, net.tensors().ReadExtents(op.outputs[0]));
  if (!Describes(layout, out, net.shape(value.tensor))) {
    return Invalid("output %s has shape %s, which is not the input's, transposed",
                   net.file().Quoted(op.outputs[0]), ToString(out));
  }
  return net.Define(op.outputs[0], Value{value.tensor, std::move(layout), std::nullopt});
}

absl::Status ImportConcatenation(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::ConcatenationOptions>(op));
  if (options->fused_activation_function() != fb::ActivationFunctionType::NONE) {
    return Unsupported("a fused activation");
  }
  Op concat;
  concat.kind = OpKind::kConcat;
  Layout layout;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(i)));
    BL_ASSIGN_OR_RETURN(Value value, net.Read(op.input(i)));
    if (i > 0 && value.layout.size() != layout.size()) {
      return Invalid("input %s has %d dimensions, the first input has %d",
                     net.file().Quoted(op.input(i)), value.layout.size(), layout.size());
    }
    layout = value.layout;
    BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], input));
    concat.inputs.push_back(input);
  }
  int64_t rank = static_cast<int64_t>(layout.size());
  int64_t axis = options->axis() < 0 ? options->axis() + rank : options->axis();
  if (axis < 0 || axis >= rank) {
    return Invalid("axis %d, the inputs have %d dimensions", options->axis(), rank);
  }
  if (NaturalLayout(rank)[axis] == Dimension::kNone) return Unsupported("along the batch");
  constexpr Axis kAxes[] = {Axis::kChannels, Axis::kWidth, Axis::kHeight};
  concat.axis = kAxes[rank - 1 - axis];
  return net.Emit(std::move(concat), op.outputs[0]);
}

absl::Status ImportResizeNearest(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::ResizeNearestNeighborOptions>(op));
  BL_ASSIGN_OR_RETURN(int32_t input, net.ReadPlain(op.input(0)));
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], input));
  if (op.input(1) == kAbsentInput) return Invalid("the size is missing");
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> size,
                      net.tensors().ReadSmallConstant(op.input(1), "size"));
  if (size.size() != 2 || *std::min_element(size.begin(), size.end()) < 1 ||
      *std::max_element(size.begin(), size.end()) > kMaxDimension) {
    return Invalid("size %s must be a height and a width in [1, %d]",
                   net.file().Quoted(op.input(1)), kMaxDimension);
  }
  if (options->align_corners() && options->half_pixel_centers()) {
    return Invalid("align_corners and half_pixel_centers exclude each other");
  }
  Op resize;
  resize.kind = OpKind::kResizeNearest;
  resize.inputs = {input};
  resize.reshape = Shape{static_cast<int32_t>(size[0]), static_cast<int32_t>(size[1]),
                         net.shape(input).channels};
  resize.align_corners = options->align_corners();
  resize.half_pixel_centers = options->half_pixel_centers();
  return net.Emit(std::move(resize), op.outputs[0]);
}

}  // namespace boardloop::tflite
