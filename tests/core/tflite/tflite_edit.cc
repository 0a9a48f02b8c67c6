#include "tests/core/tflite/tflite_edit.h"

#include <memory>
#include <utility>

#include "core/tflite/tflite.h"
#include "glog/logging.h"

namespace boardloop {

std::string EditedTflite(const Model& model, const std::function<void(fb::ModelT&)>& edit) {
  absl::StatusOr<std::string> bytes = ExportTflite(model);
  CHECK(bytes.ok()) << bytes.status();
  std::unique_ptr<fb::ModelT> file = fb::UnPackModel(bytes->data());
  edit(*file);
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishModelBuffer(builder, fb::Model::Pack(builder, file.get()));
  return std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
}

fb::SubGraphT& Network(fb::ModelT& file) { return *file.subgraphs.at(0); }

fb::TensorT& TensorAt(fb::ModelT& file, int32_t index) { return *Network(file).tensors.at(index); }

fb::OperatorT& OperatorAt(fb::ModelT& file, int32_t index) {
  return *Network(file).operators.at(index);
}

std::vector<uint8_t>& DataOf(fb::ModelT& file, int32_t tensor) {
  return file.buffers.at(TensorAt(file, tensor).buffer)->data;
}

int32_t AppendTensor(fb::ModelT& file, const std::string& name, fb::TensorType type,
                     std::vector<int32_t> shape) {
  auto tensor = std::make_unique<fb::TensorT>();
  tensor->name = name;
  tensor->type = type;
  tensor->shape = std::move(shape);
  Network(file).tensors.push_back(std::move(tensor));
  return static_cast<int32_t>(Network(file).tensors.size()) - 1;
}

int32_t AppendLike(fb::ModelT& file, const std::string& name, std::vector<int32_t> shape,
                   int32_t like) {
  int32_t index = AppendTensor(file, name, fb::TensorType::INT8, std::move(shape));
  auto quantization = std::make_unique<fb::QuantizationParametersT>();
  quantization->scale = TensorAt(file, like).quantization->scale;
  quantization->zero_point = TensorAt(file, like).quantization->zero_point;
  TensorAt(file, index).quantization = std::move(quantization);
  return index;
}

int32_t AppendInts(fb::ModelT& file, const std::string& name, const std::vector<int32_t>& values) {
  auto buffer = std::make_unique<fb::BufferT>();
  for (int32_t value : values) {
    for (int shift = 0; shift < 32; shift += 8) {
      buffer->data.push_back(static_cast<uint8_t>(static_cast<uint32_t>(value) >> shift));
    }
  }
  file.buffers.push_back(std::move(buffer));
  int32_t index =
      AppendTensor(file, name, fb::TensorType::INT32, {static_cast<int32_t>(values.size())});
  TensorAt(file, index).buffer = static_cast<uint32_t>(file.buffers.size()) - 1;
  return index;
}

fb::OperatorT& InsertOperator(fb::ModelT& file, size_t position, fb::BuiltinOperator code,
                              std::vector<int32_t> inputs, std::vector<int32_t> outputs) {
  auto entry = std::make_unique<fb::OperatorCodeT>();
  entry->builtin_code = code;
  file.operator_codes.push_back(std::move(entry));
  auto op = std::make_unique<fb::OperatorT>();
  op->opcode_index = static_cast<uint32_t>(file.operator_codes.size()) - 1;
  op->inputs = std::move(inputs);
  op->outputs = std::move(outputs);
  auto& operators = Network(file).operators;
  return **operators.insert(operators.begin() + static_cast<int64_t>(position), std::move(op));
}

}  // namespace boardloop
