#include "core/plan/kernel_table.h"

#include <algorithm>
#include <iterator>

#include "glog/logging.h"

namespace boardloop {
namespace {

enum class ScratchKind {
  kNone,
  kColumns,  // Two im2col columns, int16: two output pixels are computed together.
  kBand,     // Rows of one channel plane, int16, padded.
};

// Which inputs the output may overwrite.
enum class Overwrites { kNone, kFirst, kAny };

struct KernelDescriptor {
  OpKind kind;
  ScratchKind scratch;
  Overwrites overwrites;
};

constexpr KernelDescriptor kKernels[] = {
    {OpKind::kConv2d, ScratchKind::kColumns, Overwrites::kNone},
    {OpKind::kDepthwiseConv2d, ScratchKind::kBand, Overwrites::kFirst},
    // A fully connected layer reads its input once, in order: it widens on the fly.
    {OpKind::kFullyConnected, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kAdd, ScratchKind::kNone, Overwrites::kAny},
    {OpKind::kMul, ScratchKind::kNone, Overwrites::kAny},
    {OpKind::kAveragePool, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kMaxPool, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kMean, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kPad, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kSoftmax, ScratchKind::kNone, Overwrites::kFirst},
    {OpKind::kReshape, ScratchKind::kNone, Overwrites::kFirst},
    {OpKind::kConcat, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kResizeNearest, ScratchKind::kNone, Overwrites::kNone},
    {OpKind::kQuantize, ScratchKind::kNone, Overwrites::kFirst},
    {OpKind::kHardSwish, ScratchKind::kNone, Overwrites::kFirst},
    {OpKind::kSigmoid, ScratchKind::kNone, Overwrites::kFirst},
};

// A kernel of its own among the convolutions.
constexpr KernelDescriptor kPointwise = {OpKind::kConv2d, ScratchKind::kColumns,
                                         Overwrites::kFirst};

const KernelDescriptor& Descriptor(const Op& op) {
  if (IsPointwise(op)) return kPointwise;
  auto index = static_cast<size_t>(op.kind);
  CHECK_LT(index, std::size(kKernels));
  DCHECK(kKernels[index].kind == op.kind) << "kKernels must list the kinds in order";
  return kKernels[index];
}

Scratch Columns(const Op& op, const Shape& input) {
  constexpr int64_t kColumns = 2;  // A single pixel is computed twice: one kernel serves all.
  constexpr int64_t kBytes = 2;
  constexpr int64_t kTaps = 4;  // The inner loop's step.
  int64_t depth = int64_t{op.window.kernel_h} * op.window.kernel_w * input.channels;
  int64_t bytes = kColumns * kBytes * ((depth + kTaps - 1) / kTaps * kTaps);
  return {bytes, bytes};
}

Scratch Band(const Op& op, const Shape& output) {
  const Window& w = op.window;
  // A kernel of one tap reads each element once, and needs no neighbours.
  if (w.kernel_h == 1 && w.kernel_w == 1) return {};
  // Rows and columns that the window touches; even, so that pairs of int16 stay word-aligned.
  int64_t rows = int64_t{output.height - 1} * w.stride_h + w.kernel_h;
  int64_t columns = int64_t{output.width - 1} * w.stride_w + w.kernel_w;
  int64_t row_bytes = 2 * (columns + columns % 2);
  // The kernels make two rows of output at a time.
  int64_t least_rows = std::min<int64_t>(rows, w.kernel_h + w.stride_h);
  return {least_rows * row_bytes, rows * row_bytes};
}

}  // namespace

Scratch KernelScratch(const Op& op, const Shape& input, const Shape& output) {
  switch (Descriptor(op).scratch) {
    case ScratchKind::kNone:
      return {};
    case ScratchKind::kColumns:
      return Columns(op, input);
    case ScratchKind::kBand:
      return Band(op, output);
  }
  return {};
}

bool CanOverwrite(const Op& op, int index) {
  switch (Descriptor(op).overwrites) {
    case Overwrites::kNone:
      return false;
    case Overwrites::kFirst:
      return index == 0;
    case Overwrites::kAny:
      return true;
  }
  return false;
}

}  // namespace boardloop
