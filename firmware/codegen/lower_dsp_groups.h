// Groups of four output channels, two to a word of weights: the packing that convolution.S and
// fully_connected.c read (docs/engine.md).
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/graph/model.h"

namespace boardloop {

inline constexpr int32_t kDspGroup = 4;

// Two taps whose products a multiply-add sums: positions in a filter row-major in kernel height,
// width and channels; -1 where the column has been filled up.
using DspTapPair = std::array<int32_t, 2>;

// The column's order (gather.inc): of each kernel row all whole words, taps t to t + 3 as pairs
// (t, t + 2) and (t + 1, t + 3); behind them what is left over of the rows, as neighbours.
std::vector<DspTapPair> DspColumnOrder(int32_t rows, int32_t row_taps);

// One output channel's sum.
struct DspSum {
  int32_t start = 0;      // Bias with the input's zero point taken off every tap.
  int64_t bound = 0;      // Largest absolute value at the end; on their way, sums wrap.
  bool constant = false;  // Its weights do not matter, they are taken as 0.
};

// For channel `c` of a filter [out][taps].
DspSum MakeDspSum(const OpWeights& weights, size_t c, int32_t input_zero_point);

class DspGroupPacker {
 public:
  // `weights` is not owned. Channels behind the last of `sums` have weights of 0.
  DspGroupPacker(const OpWeights& weights, std::vector<DspSum> sums, std::vector<DspTapPair> order)
      : weights_(weights),
        sums_(std::move(sums)),
        order_(std::move(order)),
        taps_(weights.filter.size() / weights.bias.size()) {}

  // Starts and weights of channels first to first + 3. False when weights or sums do not fit.
  bool Append(int32_t first, std::vector<uint8_t>& data) const;

  int64_t weight_bytes() const { return static_cast<int64_t>(order_.size()) * 2 * kDspGroup; }

 private:
  DspSum Sum(int32_t channel) const;
  int32_t Weight(int32_t channel, int32_t tap) const;
  bool AppendStarts(int32_t channel, std::vector<uint8_t>& data) const;
  bool AppendWeights(int32_t channel, const DspTapPair& pair, std::vector<uint8_t>& data) const;

  const OpWeights& weights_;
  std::vector<DspSum> sums_;
  std::vector<DspTapPair> order_;
  size_t taps_;
};

}  // namespace boardloop
