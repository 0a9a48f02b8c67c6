// How parameters of the portable kernels (firmware/engine/kernels.h) are made, by family. All
// arithmetic comes from core/quant; here values are only laid out.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "firmware/codegen/lowering.h"

namespace boardloop {

// Builds one call: members in the order of the C struct, constants behind one another.
class CallBuilder {
 public:
  CallBuilder(std::string kernel, std::string params_type, int32_t input, int32_t output) {
    call_.kernel = std::move(kernel);
    call_.params_type = std::move(params_type);
    call_.input = input;
    call_.output = output;
  }

  void SetSecond(int32_t tensor) { call_.second = tensor; }

  void Integer(std::string name, int64_t value) {
    call_.fields.push_back({std::move(name), Field::Kind::kInteger, value});
  }

  // A pointer to what the Append calls until the next Pointer write.
  void Pointer(std::string name) {
    call_.data.resize((call_.data.size() + 3) / 4 * 4);
    call_.fields.push_back(
        {std::move(name), Field::Kind::kData, static_cast<int64_t>(call_.data.size())});
  }

  // A pointer that the kernel does not follow.
  void UnusedPointer(std::string name) {
    call_.fields.push_back({std::move(name), Field::Kind::kData, 0});
  }

  void AppendByte(int8_t value) { call_.data.push_back(static_cast<uint8_t>(value)); }
  void AppendHalf(uint32_t value) {
    for (int i = 0; i < 2; ++i) call_.data.push_back(static_cast<uint8_t>(value >> 8 * i));
  }
  void AppendWord(uint32_t value) {
    for (int i = 0; i < 4; ++i) call_.data.push_back(static_cast<uint8_t>(value >> 8 * i));
  }
  void AppendWord(int32_t value) { AppendWord(static_cast<uint32_t>(value)); }
  void AppendBytes(const std::vector<int8_t>& values) {
    call_.data.insert(call_.data.end(), values.begin(), values.end());
  }
  void CountWeights(int64_t bytes) { call_.weight_bytes += bytes; }

  LoweredCall Build() && { return std::move(call_); }

 private:
  LoweredCall call_;
};

// Appends the bl_add_terms of `add`, whose operand `first` (0 or 1) is the kernel's a.
absl::Status AppendAddTerms(const Model& model, const Op& add, int first, CallBuilder& call);

// `add` is the fused ADD, or null.
absl::StatusOr<LoweredCall> LowerPortableConvolution(const Model& model, int32_t index,
                                                     const Op* add);
absl::StatusOr<LoweredCall> LowerPortableDepthwise(const Model& model, int32_t index);
absl::StatusOr<LoweredCall> LowerPortableFullyConnected(const Model& model, int32_t index);
// ADD, MUL
absl::StatusOr<LoweredCall> LowerPortableElementwise(const Model& model, const Op& op);
// QUANTIZE, HARD_SWISH, LOGISTIC, SOFTMAX
absl::StatusOr<LoweredCall> LowerPortableFunction(const Model& model, const Op& op);
absl::StatusOr<LoweredCall> LowerPortablePool(const Model& model, const Op& op);
absl::StatusOr<LoweredCall> LowerPortableMean(const Model& model, const Op& op);
// PAD, RESHAPE, RESIZE_NEAREST_NEIGHBOR
LoweredCall LowerPortableLayout(const Model& model, const Op& op);
std::vector<LoweredCall> LowerPortableConcat(const Model& model, const Op& op);

}  // namespace boardloop
