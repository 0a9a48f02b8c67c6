// The JSON form of a Space, by reflection over the proto: a field added there can be read and
// written here. Protobuf's own JSON parser is not used: it takes strings for numbers and duplicate
// fields, and its messages name neither file nor place.
#include <glog/logging.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/space/json_reader.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

absl::Status ReadMessage(const json& value, const std::string& where, Message* message);

// Reads one value and stores it in `field`: set when singular, added when repeated.
absl::Status ReadValue(const json& value, const std::string& where, const FieldDescriptor& field,
                       Message* message) {
  const Reflection& fields = *message->GetReflection();
  auto read = [&](auto out, auto set, auto add) {
    BL_RETURN_IF_ERROR(ReadJson(value, where, &out));
    (fields.*(field.is_repeated() ? add : set))(message, &field, std::move(out));
    return absl::OkStatus();
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return read(int32_t{}, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return read(double{}, &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_STRING:
      return read(std::string(), &Reflection::SetString, &Reflection::AddString);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadMessage(value, where,
                         field.is_repeated() ? fields.AddMessage(message, &field)
                                             : fields.MutableMessage(message, &field));
    default:
      LOG(FATAL) << "space.proto has a field of a type without a JSON reader: "
                 << field.full_name();
  }
}

absl::Status ReadMessage(const json& value, const std::string& where, Message* message) {
  JsonObject object(value, where);
  const google::protobuf::Descriptor& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const json* found = object.Optional(field.name());
    if (found == nullptr) continue;
    std::string place = JsonFieldPath(where, field.name());
    if (!field.is_repeated()) {
      BL_RETURN_IF_ERROR(ReadValue(*found, place, field, message));
      continue;
    }
    if (!found->is_array()) return JsonTypeError(*found, place, "an array");
    for (size_t k = 0; k < found->size(); ++k) {
      BL_RETURN_IF_ERROR(ReadValue((*found)[k], absl::StrCat(place, "[", k, "]"), field, message));
    }
  }
  return object.Finish();
}

}  // namespace

absl::StatusOr<Space> ParseSpace(const std::string& json_text, const std::string& source) {
  BL_ASSIGN_OR_RETURN(json value, ParseJson(json_text, source));
  Space space;
  BL_RETURN_IF_ERROR(ReadMessage(value, source + ": ", &space));
  // Fields that are left out are 0 or empty, which most ranges refuse.
  BL_RETURN_IF_ERROR(Annotate(ValidateSpace(space), source));
  return space;
}

std::string SpaceToJson(const Space& space) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  auto status = google::protobuf::util::MessageToJsonString(space, &text, options);
  CHECK(status.ok()) << status.ToString();
  return text;
}

}  // namespace boardloop
