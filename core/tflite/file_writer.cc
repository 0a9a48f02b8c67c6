#include "core/tflite/file_writer.h"

#include <algorithm>

namespace boardloop::tflite {
namespace {

constexpr uint32_t kSchemaVersion = 3;
constexpr uint32_t kEmptyBuffer = 0;
constexpr int32_t kLastByteCode = 127;  // Larger codes stand in `builtin_code` alone.

}  // namespace

FileWriter::FileWriter() { AddBuffer({}); }

uint32_t FileWriter::AddBuffer(const std::vector<uint8_t>& bytes) {
  buffers_.push_back(bytes.empty() ? fb::CreateBuffer(builder_)
                                   : fb::CreateBufferDirect(builder_, &bytes));
  return static_cast<uint32_t>(buffers_.size()) - 1;
}

uint32_t FileWriter::AddInt32Buffer(const std::vector<int32_t>& values) {
  std::vector<uint8_t> bytes;
  for (int32_t value : values) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(value) >> shift));
    }
  }
  return AddBuffer(bytes);
}

flatbuffers::Offset<fb::QuantizationParameters> FileWriter::AddQuantization(
    const std::vector<float>& scales, int64_t zero_point, int32_t dimension) {
  std::vector<int64_t> zero_points(scales.size(), zero_point);
  auto scale = builder_.CreateVector(scales);
  auto zero = builder_.CreateVector(zero_points);
  fb::QuantizationParametersBuilder quantization(builder_);
  quantization.add_scale(scale);
  quantization.add_zero_point(zero);
  quantization.add_quantized_dimension(dimension);
  return quantization.Finish();
}

int32_t FileWriter::AddTensor(const std::string& name, const Extents& extents, fb::TensorType type,
                              uint32_t buffer,
                              flatbuffers::Offset<fb::QuantizationParameters> quantization) {
  std::vector<int32_t> shape(extents.begin(), extents.end());
  tensors_.push_back(
      fb::CreateTensorDirect(builder_, &shape, type, buffer, name.c_str(), quantization));
  return static_cast<int32_t>(tensors_.size()) - 1;
}

int32_t FileWriter::AddActivation(const std::string& name, const Extents& extents,
                                  const Quantization& quantization) {
  return AddTensor(name, extents, fb::TensorType::INT8, kEmptyBuffer,
                   AddQuantization({quantization.scale}, quantization.zero_point, 0));
}

int32_t FileWriter::AddInt8(const std::string& name, const Extents& extents,
                            const Quantization& quantization, const std::vector<int8_t>& values) {
  uint32_t buffer = AddBuffer({values.begin(), values.end()});
  return AddTensor(name, extents, fb::TensorType::INT8, buffer,
                   AddQuantization({quantization.scale}, quantization.zero_point, 0));
}

int32_t FileWriter::AddInt32(const std::string& name, const Extents& extents,
                             const std::vector<int32_t>& values) {
  return AddTensor(name, extents, fb::TensorType::INT32, AddInt32Buffer(values), 0);
}

int32_t FileWriter::AddFilter(const std::string& name, const Extents& extents,
                              const std::vector<float>& scales, int32_t channel_dimension,
                              const std::vector<int8_t>& values) {
  uint32_t buffer = AddBuffer({values.begin(), values.end()});
  return AddTensor(name, extents, fb::TensorType::INT8, buffer,
                   AddQuantization(scales, 0, channel_dimension));
}

int32_t FileWriter::AddBias(const std::string& name, const std::vector<float>& scales,
                            const std::vector<int32_t>& values) {
  return AddTensor(name, {static_cast<int32_t>(values.size())}, fb::TensorType::INT32,
                   AddInt32Buffer(values), AddQuantization(scales, 0, 0));
}

void FileWriter::AddOperator(fb::BuiltinOperator code, int32_t version,
                             absl::Span<const int32_t> inputs, int32_t output,
                             fb::BuiltinOptions type, flatbuffers::Offset<void> options) {
  auto [entry, added] = codes_.insert({code, Code{static_cast<uint32_t>(codes_.size()), version}});
  entry->second.version = std::max(entry->second.version, version);
  auto input_vector = builder_.CreateVector(inputs.data(), inputs.size());
  auto output_vector = builder_.CreateVector(&output, 1);
  operators_.push_back(fb::CreateOperator(builder_, entry->second.index, input_vector,
                                          output_vector, type, options));
}

std::string FileWriter::Finish(const std::string& name, int32_t input,
                               const std::vector<int32_t>& outputs) && {
  std::vector<flatbuffers::Offset<fb::OperatorCode>> codes(codes_.size());
  for (const auto& [code, entry] : codes_) {
    int32_t number = static_cast<int32_t>(code);
    codes[entry.index] = fb::CreateOperatorCode(
        builder_, static_cast<int8_t>(std::min(number, kLastByteCode)), 0, entry.version, code);
  }
  std::vector<int32_t> inputs = {input};
  std::vector<flatbuffers::Offset<fb::SubGraph>> subgraphs = {
      fb::CreateSubGraphDirect(builder_, &tensors_, &inputs, &outputs, &operators_, name.c_str())};
  fb::FinishModelBuffer(builder_, fb::CreateModelDirect(builder_, kSchemaVersion, &codes,
                                                        &subgraphs, "Boardloop", &buffers_));
  return std::string(reinterpret_cast<const char*>(builder_.GetBufferPointer()),
                     builder_.GetSize());
}

}  // namespace boardloop::tflite
