// A .tflite whose structure has been verified: every offset stays in the file, every index that
// this class hands out is in range. What the numbers mean is checked by its readers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tflite_generated.h"

namespace boardloop::tflite {

inline constexpr int32_t kMaxTensors = 65536;
inline constexpr int32_t kMaxOperators = 65536;
inline constexpr int32_t kMaxOperatorInputs = 1024;
inline constexpr int32_t kAbsentInput = -1;

struct FileOperator {
  fb::BuiltinOperator code = fb::BuiltinOperator::ADD;
  std::string custom_name;       // Of a CUSTOM operator.
  std::vector<int32_t> inputs;   // Tensor indices, or kAbsentInput.
  std::vector<int32_t> outputs;  // Tensor indices.
  const fb::Operator* raw = nullptr;

  // kAbsentInput past the end: trailing optional inputs may be left out.
  int32_t input(size_t i) const { return i < inputs.size() ? inputs[i] : kAbsentInput; }
};

class TfliteFile {
 public:
  // Verifies the bytes, which are borrowed and must outlive the result.
  //
  // INVALID_ARGUMENT  not a .tflite, truncated, too large, or an index out of range
  // UNIMPLEMENTED     more than one subgraph
  static absl::StatusOr<TfliteFile> Open(const std::string& bytes);

  int32_t tensor_count() const { return static_cast<int32_t>(tensors_->size()); }
  int32_t operator_count() const { return static_cast<int32_t>(operators_->size()); }
  const fb::Tensor& tensor(int32_t index) const { return *tensors_->Get(index); }
  const std::vector<int32_t>& inputs() const { return inputs_; }
  const std::vector<int32_t>& outputs() const { return outputs_; }
  bool IsOutput(int32_t tensor) const;

  absl::StatusOr<FileOperator> ReadOperator(int32_t index) const;

  // The stored values of a tensor; empty when it is not a constant.
  absl::StatusOr<absl::Span<const uint8_t>> Data(int32_t tensor) const;

  // The tensor's name as in messages: `"conv1"`, or `tensor 12` when it has none.
  std::string Quoted(int32_t tensor) const;

 private:
  explicit TfliteFile(const std::string& bytes)
      : bytes_(&bytes), model_(fb::GetModel(bytes.data())) {}
  absl::Status ReadSubgraph();
  absl::StatusOr<std::vector<int32_t>> ReadIndices(const flatbuffers::Vector<int32_t>* indices,
                                                   const std::string& what, int32_t lowest) const;

  const std::string* bytes_;
  const fb::Model* model_;
  const flatbuffers::Vector<flatbuffers::Offset<fb::Tensor>>* tensors_ = nullptr;
  const flatbuffers::Vector<flatbuffers::Offset<fb::Operator>>* operators_ = nullptr;
  std::vector<int32_t> inputs_;
  std::vector<int32_t> outputs_;
};

}  // namespace boardloop::tflite
