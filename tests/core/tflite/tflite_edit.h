// Changes the tables of a .tflite, to make files that the exporter would never write.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/graph/model.h"
#include "tflite_generated.h"

namespace boardloop {

// `model` as a .tflite in which `edit` has changed tables. Tensors of the model keep their indices;
// filters, biases and such come behind them.
std::string EditedTflite(const Model& model, const std::function<void(fb::ModelT&)>& edit);

fb::SubGraphT& Network(fb::ModelT& file);
fb::TensorT& TensorAt(fb::ModelT& file, int32_t index);
fb::OperatorT& OperatorAt(fb::ModelT& file, int32_t index);
std::vector<uint8_t>& DataOf(fb::ModelT& file, int32_t tensor);

// Each returns the index of the tensor it appends.
int32_t AppendTensor(fb::ModelT& file, const std::string& name, fb::TensorType type,
                     std::vector<int32_t> shape);
// An INT8 tensor with the quantization of tensor `like`.
int32_t AppendLike(fb::ModelT& file, const std::string& name, std::vector<int32_t> shape,
                   int32_t like);
int32_t AppendInts(fb::ModelT& file, const std::string& name, const std::vector<int32_t>& values);

// Puts an operator at `position` of the list.
fb::OperatorT& InsertOperator(fb::ModelT& file, size_t position, fb::BuiltinOperator code,
                              std::vector<int32_t> inputs, std::vector<int32_t> outputs);

}  // namespace boardloop
