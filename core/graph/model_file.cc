// .blm files: the bytes of a v1::Model.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/graph/model_proto.h"

namespace boardloop {
namespace {

namespace io = google::protobuf::io;
using google::protobuf::internal::WireFormatLite;

template <typename... Args>
absl::Status Invalid(const absl::FormatSpec<Args...>& format, const Args&... args) {
  return absl::InvalidArgumentError(absl::StrFormat(format, args...));
}

// Walks over the message's own fields, without looking into them. An empty tensor or operator is two
// bytes of a file and some hundred of memory: 256 MiB of them would take the machine's. Fields that
// are not ours are refused, since protobuf keeps them too.
absl::Status CheckFieldCounts(const std::string& bytes) {
  io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                             static_cast<int>(bytes.size()));
  size_t tensors = 0;
  size_t ops = 0;
  while (const uint32_t tag = input.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if (field > v1::Model::kOutputsFieldNumber) return Invalid("field %d is unknown", field);
    if (field == v1::Model::kTensorsFieldNumber) ++tensors;
    if (field == v1::Model::kOpsFieldNumber) ++ops;
    if (!WireFormatLite::SkipField(&input, tag)) return Invalid("field %d is cut off", field);
  }
  if (!input.ConsumedEntireMessage()) return Invalid("it is not a protobuf message");
  if (tensors > kMaxModelTensors || ops > kMaxOps) {
    return Invalid("%d tensors and %d operators, at most %d and %d are supported", tensors, ops,
                   kMaxModelTensors, kMaxOps);
  }
  return absl::OkStatus();
}

absl::StatusOr<Model> Parse(const std::string& bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMaxModelBytes) {
    return Invalid("%d B, at most %d are supported", bytes.size(), kMaxModelBytes);
  }
  BL_RETURN_IF_ERROR(Annotate(CheckFieldCounts(bytes), "not a model file"));
  v1::Model proto;
  // A name that is not UTF-8 would be logged, beside the one line that we return.
  const google::protobuf::LogSilencer silencer;
  // The numbers are right and the parts may still be wrong.
  if (!proto.ParseFromString(bytes)) return Invalid("not a model file: one of its parts is broken");
  return ModelFromProto(proto);
}

}  // namespace

std::string SerializeModel(const Model& model) {
  std::string bytes;
  io::StringOutputStream stream(&bytes);
  io::CodedOutputStream output(&stream);
  output.SetSerializationDeterministic(true);
  ModelToProto(model).SerializeToCodedStream(&output);
  output.Trim();
  return bytes;
}

absl::StatusOr<Model> ParseModel(const std::string& bytes, const std::string& source) {
  absl::StatusOr<Model> model = Parse(bytes);
  if (!model.ok()) return Annotate(model.status(), source);
  return model;
}

absl::StatusOr<Model> LoadModelFile(const std::string& path) {
  BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxModelBytes));
  return ParseModel(bytes, path);
}

}  // namespace boardloop
