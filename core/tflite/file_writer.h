// Writes the tables of a .tflite: tensors, their buffers, operators. Knows the format, not the
// network.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/graph/model.h"
#include "core/tflite/layout.h"
#include "tflite_generated.h"

namespace boardloop::tflite {

class FileWriter {
 public:
  FileWriter();

  flatbuffers::FlatBufferBuilder& builder() { return builder_; }  // For operators' options.

  // Each returns the index of the tensor it adds.
  int32_t AddActivation(const std::string& name, const Extents& extents,
                        const Quantization& quantization);
  int32_t AddInt8(const std::string& name, const Extents& extents, const Quantization& quantization,
                  const std::vector<int8_t>& values);
  int32_t AddInt32(const std::string& name, const Extents& extents,
                   const std::vector<int32_t>& values);
  // One scale, or one for each index of dimension `channel_dimension`.
  int32_t AddFilter(const std::string& name, const Extents& extents,
                    const std::vector<float>& scales, int32_t channel_dimension,
                    const std::vector<int8_t>& values);
  int32_t AddBias(const std::string& name, const std::vector<float>& scales,
                  const std::vector<int32_t>& values);

  // `version` is the first version of the operator's kernel that does what we write.
  template <typename Options>
  void AddOperator(fb::BuiltinOperator code, int32_t version, absl::Span<const int32_t> inputs,
                   int32_t output, flatbuffers::Offset<Options> options) {
    AddOperator(code, version, inputs, output, fb::BuiltinOptionsTraits<Options>::enum_value,
                options.Union());
  }
  void AddOperator(fb::BuiltinOperator code, int32_t version, absl::Span<const int32_t> inputs,
                   int32_t output) {
    AddOperator(code, version, inputs, output, fb::BuiltinOptions::NONE, 0);
  }

  std::string Finish(const std::string& name, int32_t input,
                     const std::vector<int32_t>& outputs) &&;

 private:
  void AddOperator(fb::BuiltinOperator code, int32_t version, absl::Span<const int32_t> inputs,
                   int32_t output, fb::BuiltinOptions type, flatbuffers::Offset<void> options);
  int32_t AddTensor(const std::string& name, const Extents& extents, fb::TensorType type,
                    uint32_t buffer, flatbuffers::Offset<fb::QuantizationParameters> quantization);
  uint32_t AddBuffer(const std::vector<uint8_t>& bytes);
  uint32_t AddInt32Buffer(const std::vector<int32_t>& values);
  flatbuffers::Offset<fb::QuantizationParameters> AddQuantization(const std::vector<float>& scales,
                                                                  int64_t zero_point,
                                                                  int32_t dimension);

  struct Code {
    uint32_t index;
    int32_t version;
  };

  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<fb::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<fb::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<fb::Operator>> operators_;
  std::map<fb::BuiltinOperator, Code> codes_;
};

}  // namespace boardloop::tflite
