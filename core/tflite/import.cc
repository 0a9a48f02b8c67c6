#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/tflite/import_operators.h"
#include "core/tflite/tflite.h"

namespace boardloop {
namespace tflite {
namespace {

struct Importer {
  fb::BuiltinOperator code;
  size_t min_inputs;
  size_t max_inputs;
  absl::Status (*import)(NetworkBuilder& net, const FileOperator& op);
};

using B = fb::BuiltinOperator;

constexpr size_t kMaxTotalInputs = 1'000'000;  // And outputs, of all operators.

constexpr Importer kImporters[] = {
    {B::CONV_2D, 2, 3, ImportConv2d},
    {B::DEPTHWISE_CONV_2D, 2, 3, ImportDepthwiseConv2d},
    {B::FULLY_CONNECTED, 2, 3, ImportFullyConnected},
    {B::ADD, 2, 2, ImportAdd},
    {B::MUL, 2, 2, ImportMul},
    {B::AVERAGE_POOL_2D, 1, 1, ImportAveragePool},
    {B::MAX_POOL_2D, 1, 1, ImportMaxPool},
    {B::MEAN, 2, 2, ImportMean},
    {B::PAD, 2, 2, ImportPad},
    {B::PADV2, 3, 3, ImportPad},
    {B::SOFTMAX, 1, 1, ImportSoftmax},
    {B::RESHAPE, 1, 2, ImportReshape},
    {B::SQUEEZE, 1, 1, ImportSqueeze},
    {B::EXPAND_DIMS, 2, 2, ImportSqueeze},
    {B::TRANSPOSE, 2, 2, ImportTranspose},
    {B::CONCATENATION, 1, kMaxOperatorInputs, ImportConcatenation},
    {B::RESIZE_NEAREST_NEIGHBOR, 2, 2, ImportResizeNearest},
    {B::QUANTIZE, 1, 1, ImportQuantize},
    {B::DEQUANTIZE, 1, 1, ImportDequantize},
    {B::HARD_SWISH, 1, 1, ImportHardSwish},
    {B::LOGISTIC, 1, 1, ImportLogistic},
    {B::RELU, 1, 1, ImportRelu},
    {B::RELU6, 1, 1, ImportRelu},
    {B::RELU_N1_TO_1, 1, 1, ImportRelu},
};

absl::Status ImportOperator(NetworkBuilder& net, const FileOperator& op) {
  for (const Importer& importer : kImporters) {
    if (importer.code != op.code) continue;
    if (op.inputs.size() < importer.min_inputs || op.inputs.size() > importer.max_inputs) {
      std::string wanted = absl::StrCat(importer.min_inputs);
      if (importer.max_inputs > importer.min_inputs) {
        absl::StrAppend(&wanted, " to ", importer.max_inputs);
      }
      return Invalid("it has %d inputs, must have %s", op.inputs.size(), wanted);
    }
    if (op.outputs.size() != 1) return Invalid("it has %d outputs, must have 1", op.outputs.size());
    return importer.import(net, op);
  }
  std::vector<std::string> reads;
  for (int32_t input : op.inputs) {
    if (input != kAbsentInput && reads.size() < 4) reads.push_back(net.file().Quoted(input));
  }
  return Unsupported("the operator (reading %s) is not supported; supported are %s",
                     absl::StrJoin(reads, ", "), SupportedTfliteOperators());
}

// `op 3 (CONV_2D to "conv1")`
std::string OperatorLabel(const TfliteFile& file, int32_t index, const FileOperator& op) {
  std::string name = OperatorName(op.code);
  if (op.code == B::CUSTOM) absl::StrAppend(&name, " ", op.custom_name);
  if (op.outputs.empty()) return absl::StrFormat("op %d (%s)", index, name);
  return absl::StrFormat("op %d (%s to %s)", index, name, file.Quoted(op.outputs[0]));
}

// Only the batch may be open: a network with other free dimensions has no fixed shapes.
absl::Status CheckFixedShape(const TfliteFile& file, int32_t tensor) {
  const flatbuffers::Vector<int32_t>* signature = file.tensor(tensor).shape_signature();
  if (signature == nullptr) return absl::OkStatus();
  for (flatbuffers::uoffset_t i = 1; i < signature->size(); ++i) {
    if (signature->Get(i) >= 0) continue;
    return Unsupported("input %s has no fixed extent in dimension %d; only the batch may be free",
                       file.Quoted(tensor), i);
  }
  return absl::OkStatus();
}

absl::Status ImportInput(NetworkBuilder& net) {
  const TfliteFile& file = net.file();
  if (file.inputs().size() != 1) {
    return Unsupported("the network has %d inputs; 1 is supported", file.inputs().size());
  }
  int32_t input = file.inputs()[0];
  BL_RETURN_IF_ERROR(CheckFixedShape(file, input));
  fb::TensorType type = file.tensor(input).type();
  // The QUANTIZE behind a FLOAT32 or UINT8 input defines the input instead.
  if (type == fb::TensorType::FLOAT32 || type == fb::TensorType::UINT8) return absl::OkStatus();
  return Annotate(net.DefineInput(input), "network input");
}

absl::StatusOr<std::vector<FileOperator>> ReadOperators(const TfliteFile& file) {
  std::vector<FileOperator> ops;
  size_t inputs = 0;
  for (int32_t i = 0; i < file.operator_count(); ++i) {
    absl::StatusOr<FileOperator> op = file.ReadOperator(i);
    if (!op.ok()) return Annotate(op.status(), absl::StrFormat("op %d", i));
    // Entries of the list may all be one operator of the file, so a small file could have any
    // number.
    inputs += op->inputs.size() + op->outputs.size();
    if (inputs > kMaxTotalInputs) {
      return Invalid("the operators up to %d have %d inputs and outputs, at most %d are supported",
                     i, inputs, kMaxTotalInputs);
    }
    ops.push_back(*std::move(op));
  }
  return ops;
}

// By operator: whether an output of the network depends on it. The others are left out.
std::vector<bool> FindLive(const TfliteFile& file, const std::vector<FileOperator>& ops) {
  std::vector<bool> needed(file.tensor_count());
  for (int32_t output : file.outputs()) needed[output] = true;
  std::vector<bool> live(ops.size());
  for (size_t i = ops.size(); i-- > 0;) {
    for (int32_t output : ops[i].outputs) live[i] = live[i] || needed[output];
    if (!live[i]) continue;
    for (int32_t input : ops[i].inputs) {
      if (input != kAbsentInput) needed[input] = true;
    }
  }
  return live;
}

absl::StatusOr<Model> Import(const std::string& bytes, const std::string& name) {
  BL_ASSIGN_OR_RETURN(TfliteFile file, TfliteFile::Open(bytes));
  BL_ASSIGN_OR_RETURN(std::vector<FileOperator> ops, ReadOperators(file));
  std::vector<bool> live = FindLive(file, ops);
  NetworkBuilder net(file, name);
  BL_RETURN_IF_ERROR(ImportInput(net));
  for (int32_t i = 0; i < file.operator_count(); ++i) {
    if (!live[i]) continue;
    absl::Status status = ImportOperator(net, ops[i]);
    if (!status.ok()) return Annotate(status, OperatorLabel(file, i, ops[i]));
  }
  if (!net.has_input()) {
    return Invalid("no QUANTIZE reads the network's input %s, which is %s",
                   file.Quoted(file.inputs()[0]), TypeName(file.tensor(file.inputs()[0]).type()));
  }
  BL_ASSIGN_OR_RETURN(Model model, std::move(net).Finish());
  BL_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

// "mcunet-vww1" of "models/mcunet-vww1.tflite".
std::string NetworkName(const std::string& source) {
  size_t slash = source.find_last_of('/');
  std::string name = slash == std::string::npos ? source : source.substr(slash + 1);
  const std::string kExtension = ".tflite";
  if (name.size() > kExtension.size() &&
      name.compare(name.size() - kExtension.size(), kExtension.size(), kExtension) == 0) {
    name.resize(name.size() - kExtension.size());
  }
  return name;
}

}  // namespace
}  // namespace tflite

absl::StatusOr<Model> ImportTflite(const std::string& bytes, const std::string& source) {
  absl::StatusOr<Model> model = tflite::Import(bytes, tflite::NetworkName(source));
  if (!model.ok()) return Annotate(model.status(), source);
  return model;
}

absl::StatusOr<Model> LoadTflite(const std::string& path) {
  BL_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMaxTfliteBytes));
  return ImportTflite(bytes, path);
}

std::string SupportedTfliteOperators() {
  return absl::StrJoin(tflite::kImporters, ", ", [](std::string* out, const auto& importer) {
    absl::StrAppend(out, tflite::OperatorName(importer.code));
  });
}

}  // namespace boardloop
