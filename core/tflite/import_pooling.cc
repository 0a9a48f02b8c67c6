// AVERAGE_POOL_2D, MAX_POOL_2D and MEAN.
#include <utility>

#include "core/tflite/import_operators.h"

namespace boardloop::tflite {
namespace {

absl::Status ImportPool(NetworkBuilder& net, const FileOperator& op, OpKind kind,
                        FoldPadding fold) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::Pool2DOptions>(op));
  Op pool;
  pool.kind = kind;
  pool.window.kernel_h = options->filter_height();
  pool.window.kernel_w = options->filter_width();
  pool.window.stride_h = options->stride_h();
  pool.window.stride_w = options->stride_w();
  BL_ASSIGN_OR_RETURN(pool.activation, ReadActivation(options->fused_activation_function()));
  BL_ASSIGN_OR_RETURN(WindowedInput input,
                      ReadWindowed(net, op.input(0), pool.window, options->padding(), fold));
  pool.inputs = {input.tensor};
  pool.window = input.window;
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], input.tensor));
  return net.Emit(std::move(pool), op.outputs[0]);
}

// Which of the file's dimensions a MEAN averages over.
absl::StatusOr<std::vector<bool>> ReadReduced(NetworkBuilder& net, const FileOperator& op,
                                              const Layout& layout) {
  if (op.input(1) == kAbsentInput) return Invalid("the axes are missing");
  BL_ASSIGN_OR_RETURN(std::vector<int64_t> axes,
                      net.tensors().ReadSmallConstant(op.input(1), "axes"));
  int64_t rank = static_cast<int64_t>(layout.size());
  std::vector<bool> reduced(layout.size());
  for (int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      return Invalid("axis %d, the input has %d dimensions", axis, rank);
    }
    reduced[axis < 0 ? axis + rank : axis] = true;
  }
  return reduced;
}

// A mean over height, width or both. Over neither there is one value in each mean, which is only
// rescaled: QUANTIZE does it with the same multiplier.
Op MeanOp(bool over_height, bool over_width) {
  Op op;
  op.kind = over_height || over_width ? OpKind::kMean : OpKind::kQuantize;
  if (over_height != over_width) op.axis = over_height ? Axis::kHeight : Axis::kWidth;
  return op;
}

}  // namespace

absl::Status ImportAveragePool(NetworkBuilder& net, const FileOperator& op) {
  return ImportPool(net, op, OpKind::kAveragePool, FoldPadding::kNever);
}

absl::Status ImportMaxPool(NetworkBuilder& net, const FileOperator& op) {
  return ImportPool(net, op, OpKind::kMaxPool, FoldPadding::kLowest);
}

absl::Status ImportMean(NetworkBuilder& net, const FileOperator& op) {
  BL_ASSIGN_OR_RETURN(const auto* options, ReadOptions<fb::ReducerOptions>(op));
  BL_ASSIGN_OR_RETURN(Value value, net.ReadUnpadded(op.input(0)));
  BL_ASSIGN_OR_RETURN(std::vector<bool> reduced, ReadReduced(net, op, value.layout));
  Layout layout;  // Of the output.
  bool over_height = false;
  bool over_width = false;
  for (size_t i = 0; i < value.layout.size(); ++i) {
    Dimension dimension = value.layout[i];
    if (!reduced[i] || options->keep_dims()) layout.push_back(dimension);
    if (!reduced[i]) continue;
    if (dimension == Dimension::kHeight) over_height = true;
    if (dimension == Dimension::kWidth) over_width = true;
    if (dimension == Dimension::kChannels && net.shape(value.tensor).channels > 1) {
      return Unsupported("a mean over channels; over height, width or both is supported");
    }
  }
  Op mean = MeanOp(over_height, over_width);
  mean.inputs = {value.tensor};
  return net.EmitWithLayout(std::move(mean), op.outputs[0], layout);
}

}  // namespace boardloop::tflite
