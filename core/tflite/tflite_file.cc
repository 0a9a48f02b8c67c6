#include "core/tflite/tflite_file.h"

#include <algorithm>

#include "core/base/status.h"
#include "core/tflite/errors.h"
#include "core/tflite/operator_names.h"
#include "core/tflite/tflite.h"

namespace boardloop::tflite {
namespace {

constexpr size_t kSmallestFile = 8;  // Root offset and identifier.
constexpr uint32_t kSchemaVersion = 3;
// Model, subgraph, operator, options: with the vectors between them a file nests less than this.
constexpr flatbuffers::uoffset_t kMaxDepth = 16;
constexpr flatbuffers::uoffset_t kMaxTables = 1'000'000;

template <typename T>
size_t SizeOf(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// Flatbuffers reads scalars in place. The Verifier checks that each is aligned relative to the
// start, and a std::string of more than a few bytes starts at an address that operator new has
// aligned.
absl::Status VerifyStructure(const std::string& bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMaxTfliteBytes) {
    return Invalid("the file has %d B, at most %d are supported", bytes.size(), kMaxTfliteBytes);
  }
  if (bytes.size() < kSmallestFile || !fb::ModelBufferHasIdentifier(bytes.data())) {
    return Invalid("not a .tflite: the identifier TFL3 is missing");
  }
  flatbuffers::Verifier::Options limits;
  limits.max_depth = kMaxDepth;
  limits.max_tables = kMaxTables;
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                 limits);
  if (!fb::VerifyModelBuffer(verifier)) {
    return Invalid(
        "truncated or damaged: an offset leaves the %d B of the file, is not "
        "aligned, or tables nest too deep",
        bytes.size());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TfliteFile> TfliteFile::Open(const std::string& bytes) {
  BL_RETURN_IF_ERROR(VerifyStructure(bytes));
  TfliteFile file(bytes);
  if (file.model_->version() != kSchemaVersion) {
    return Invalid("schema version %d, must be %d", file.model_->version(), kSchemaVersion);
  }
  BL_RETURN_IF_ERROR(file.ReadSubgraph());
  return file;
}

absl::Status TfliteFile::ReadSubgraph() {
  size_t subgraphs = SizeOf(model_->subgraphs());
  if (subgraphs == 0) return Invalid("the file has no subgraph");
  if (subgraphs > 1) {
    return Unsupported("the file has %d subgraphs; control flow is not supported, one is",
                       subgraphs);
  }
  const fb::SubGraph& subgraph = *model_->subgraphs()->Get(0);
  tensors_ = subgraph.tensors();
  operators_ = subgraph.operators();
  if (SizeOf(tensors_) == 0) return Invalid("the file has no tensors");
  if (SizeOf(operators_) == 0) return Invalid("the file has no operators");
  if (tensors_->size() > kMaxTensors || operators_->size() > kMaxOperators) {
    return Invalid("%d tensors and %d operators, at most %d and %d are supported", tensors_->size(),
                   operators_->size(), kMaxTensors, kMaxOperators);
  }
  BL_ASSIGN_OR_RETURN(inputs_, ReadIndices(subgraph.inputs(), "network input", 0));
  BL_ASSIGN_OR_RETURN(outputs_, ReadIndices(subgraph.outputs(), "network output", 0));
  return absl::OkStatus();
}

bool TfliteFile::IsOutput(int32_t tensor) const {
  return std::find(outputs_.begin(), outputs_.end(), tensor) != outputs_.end();
}

absl::StatusOr<std::vector<int32_t>> TfliteFile::ReadIndices(
    const flatbuffers::Vector<int32_t>* indices, const std::string& what, int32_t lowest) const {
  std::vector<int32_t> result;
  if (SizeOf(indices) > kMaxOperatorInputs) {
    return Invalid("%d %ss, at most %d are supported", indices->size(), what, kMaxOperatorInputs);
  }
  for (size_t i = 0; i < SizeOf(indices); ++i) {
    int32_t index = indices->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (index < lowest || index >= tensor_count()) {
      return Invalid("%s %d is tensor %d, the file has %d tensors", what, i, index, tensor_count());
    }
    result.push_back(index);
  }
  return result;
}

absl::StatusOr<FileOperator> TfliteFile::ReadOperator(int32_t index) const {
  FileOperator op;
  op.raw = operators_->Get(index);
  uint32_t code_index = op.raw->opcode_index();
  if (code_index >= SizeOf(model_->operator_codes())) {
    return Invalid("operator code %d, the file has %d codes", code_index,
                   SizeOf(model_->operator_codes()));
  }
  const fb::OperatorCode& code = *model_->operator_codes()->Get(code_index);
  op.code = static_cast<fb::BuiltinOperator>(
      std::max(static_cast<int32_t>(code.builtin_code()), int32_t{code.deprecated_builtin_code()}));
  op.custom_name = CleanName(code.custom_code());
  BL_ASSIGN_OR_RETURN(op.inputs, ReadIndices(op.raw->inputs(), "input", kAbsentInput));
  BL_ASSIGN_OR_RETURN(op.outputs, ReadIndices(op.raw->outputs(), "output", 0));
  return op;
}

absl::StatusOr<absl::Span<const uint8_t>> TfliteFile::Data(int32_t tensor) const {
  uint32_t index = this->tensor(tensor).buffer();
  // Some writers leave out the empty buffer 0 of a network without constants.
  if (index == 0 && SizeOf(model_->buffers()) == 0) return absl::Span<const uint8_t>();
  if (index >= SizeOf(model_->buffers())) {
    return Invalid("%s has buffer %d, the file has %d buffers", Quoted(tensor), index,
                   SizeOf(model_->buffers()));
  }
  const fb::Buffer& buffer = *model_->buffers()->Get(index);
  if (SizeOf(buffer.data()) > 0 || buffer.offset() <= 1) {
    return absl::MakeConstSpan(buffer.data() == nullptr ? nullptr : buffer.data()->data(),
                               SizeOf(buffer.data()));
  }
  if (buffer.offset() > bytes_->size() || buffer.size() > bytes_->size() - buffer.offset()) {
    return Invalid("buffer %d of %s has %d B at offset %d, the file has %d B", index,
                   Quoted(tensor), buffer.size(), buffer.offset(), bytes_->size());
  }
  return absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(bytes_->data()) + buffer.offset(),
                             buffer.size());
}

std::string TfliteFile::Quoted(int32_t tensor) const {
  std::string name = CleanName(this->tensor(tensor).name());
  return name.empty() ? absl::StrFormat("tensor %d", tensor) : absl::StrFormat("\"%s\"", name);
}

}  // namespace boardloop::tflite
