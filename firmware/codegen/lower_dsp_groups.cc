#include "firmware/codegen/lower_dsp_groups.h"

#include <cstdlib>

#include "firmware/codegen/lower_dsp_parts.h"

namespace boardloop {
namespace {

constexpr int32_t kRawScale = 256;  // A word of weights sums kRawScale * b + a.
constexpr int32_t kHalfword = 1 << 15;
constexpr int64_t kWord = int64_t{1} << 31;

}  // namespace

std::vector<DspTapPair> DspColumnOrder(int32_t rows, int32_t row_taps) {
  std::vector<DspTapPair> pairs;
  std::vector<int32_t> rest;
  for (int32_t row = 0; row < rows; ++row) {
    const int32_t begin = row * row_taps;
    for (int32_t word = 0; word < row_taps / 4; ++word) {
      const int32_t tap = begin + word * 4;
      pairs.push_back({tap, tap + 2});
      pairs.push_back({tap + 1, tap + 3});
    }
    for (int32_t tap = row_taps / 4 * 4; tap < row_taps; ++tap) rest.push_back(begin + tap);
  }
  rest.resize((rest.size() + 3) / 4 * 4, -1);
  for (size_t i = 0; i < rest.size(); i += 2) pairs.push_back({rest[i], rest[i + 1]});
  return pairs;
}

DspSum MakeDspSum(const OpWeights& weights, size_t c, int32_t input_zero_point) {
  const size_t taps = weights.filter.size() / weights.bias.size();
  int64_t sum = 0, absolute = 0;
  for (size_t i = c * taps; i < (c + 1) * taps; ++i) {
    sum += weights.filter[i];
    absolute += std::abs(int32_t{weights.filter[i]});
  }
  DspSum result;
  result.start = static_cast<int32_t>(weights.bias[c] - sum * input_zero_point);
  result.bound = DspSumBound(absolute, weights.bias[c], input_zero_point);
  return result;
}

bool DspGroupPacker::Append(int32_t first, std::vector<uint8_t>& data) const {
  for (int32_t c = first; c < first + kDspGroup; c += 2) {
    if (!AppendStarts(c, data)) return false;
  }
  for (const DspTapPair& pair : order_) {
    for (int32_t c = first; c < first + kDspGroup; c += 2) {
      if (!AppendWeights(c, pair, data)) return false;
    }
  }
  return true;
}

DspSum DspGroupPacker::Sum(int32_t channel) const {
  return static_cast<size_t>(channel) < sums_.size() ? sums_[channel] : DspSum{0, 0, true};
}

int32_t DspGroupPacker::Weight(int32_t channel, int32_t tap) const {
  if (tap < 0 || Sum(channel).constant) return 0;
  return weights_.filter[channel * taps_ + tap];
}

// Of two channels whose sums share a register.
bool DspGroupPacker::AppendStarts(int32_t channel, std::vector<uint8_t>& data) const {
  const DspSum a = Sum(channel), b = Sum(channel + 1);
  if (b.bound * kRawScale + a.bound >= kWord) return false;
  AppendWord(data, a.start);
  AppendWord(data, static_cast<int32_t>(static_cast<uint32_t>(b.start) * kRawScale +
                                        static_cast<uint32_t>(a.start)));
  return true;
}

// Of two channels and two taps. A weight of -128 in the upper byte may leave the halfword.
bool DspGroupPacker::AppendWeights(int32_t channel, const DspTapPair& pair,
                                   std::vector<uint8_t>& data) const {
  for (int32_t tap : pair) {
    const int32_t raw = Weight(channel + 1, tap) * kRawScale + Weight(channel, tap);
    if (raw < -kHalfword || raw >= kHalfword) return false;
    data.push_back(static_cast<uint8_t>(raw));
    data.push_back(static_cast<uint8_t>(static_cast<uint32_t>(raw) >> 8));
  }
  return true;
}

}  // namespace boardloop
