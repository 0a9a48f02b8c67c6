// AVERAGE_POOL_2D, MAX_POOL_2D and MEAN.
#include <algorithm>
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

// Averaging over one of two spatial dimensions, as MCUNet's networks do that take the mean in two
// steps. An average pool as wide as the input equals it where both round alike: on the same scale,
// and for an extent of 3 (or 1). There no sum lies halfway between two results, and TFLite's
// multiplier for 1/3 has no shift that would round a second time.
absl::StatusOr<Op> MeanAsPool(NetworkBuilder& net, const FileOperator& op, int32_t input,
                              bool over_height, bool over_width) {
  const Shape& in = net.shape(input);
  Op pool;
  pool.kind = OpKind::kAveragePool;
  pool.window.kernel_h = over_height ? in.height : 1;
  pool.window.kernel_w = over_width ? in.width : 1;
  int32_t extent = std::max(pool.window.kernel_h, pool.window.kernel_w);
  if (extent != 1 && extent != 3) {
    return Unsupported(
        "a mean over %dx%d of %s; supported are both height and width, or an extent of 3",
        pool.window.kernel_h, pool.window.kernel_w, in.ToString());
  }
  BL_RETURN_IF_ERROR(net.CheckSameQuantization(op.outputs[0], input));
  return pool;
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
  const Shape in = net.shape(value.tensor);
  Layout layout;  // Of the output.
  bool over_height = in.height == 1;
  bool over_width = in.width == 1;
  for (size_t i = 0; i < value.layout.size(); ++i) {
    Dimension dimension = value.layout[i];
    if (!reduced[i] || options->keep_dims()) layout.push_back(dimension);
    if (!reduced[i]) continue;
    if (dimension == Dimension::kHeight) over_height = true;
    if (dimension == Dimension::kWidth) over_width = true;
    if (dimension == Dimension::kChannels && in.channels > 1) {
      return Unsupported("a mean over channels; over height and width is supported");
    }
  }
  Op mean;
  mean.kind = OpKind::kMean;
  if (!over_height || !over_width) {
    BL_ASSIGN_OR_RETURN(mean, MeanAsPool(net, op, value.tensor, over_height, over_width));
  }
  mean.inputs = {value.tensor};
  return net.EmitWithLayout(std::move(mean), op.outputs[0], layout);
}

}  // namespace boardloop::tflite
