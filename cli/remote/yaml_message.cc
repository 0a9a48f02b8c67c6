#include "cli/remote/yaml_message.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "boardloop/v1/space.pb.h"
#include "cli/size.h"
#include "core/base/status.h"
#include "core/space/space.h"
#include "google/protobuf/descriptor.h"

namespace boardloop {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status ReadInteger(const YamlValue& value, const FieldDescriptor& field, int64_t low,
                         int64_t high, int64_t* out) {
  std::string text;
  BL_RETURN_IF_ERROR(ReadYaml(value, &text));
  if (!absl::SimpleAtoi(text, out)) {
    if (!absl::EndsWith(field.name(), "_bytes")) return ReadYaml(value, out);
    const absl::StatusOr<int64_t> bytes = ParseSize(text);
    if (!bytes.ok()) return value.Error(std::string(bytes.status().message()));
    *out = *bytes;
  }
  if (*out >= low && *out <= high) return absl::OkStatus();
  // The range of the type is not that of the field, which the coordinator knows.
  return value.Error(
      absl::StrFormat("is %s, which is too %s", text, *out > high ? "large" : "small"));
}

absl::Status ReadUnsigned(const YamlValue& value, uint64_t* out) {
  std::string text;
  BL_RETURN_IF_ERROR(ReadYaml(value, &text));
  if (absl::SimpleAtoi(text, out)) return absl::OkStatus();
  int64_t integer = 0;
  BL_RETURN_IF_ERROR(ReadYaml(value, &integer));  // Says what no integer is.
  return value.Error(
      absl::StrFormat("is %s, must be in [0, %d]", text, std::numeric_limits<uint64_t>::max()));
}

absl::Status ReadNumber(const YamlValue& value, double* out) {
  std::string text;
  BL_RETURN_IF_ERROR(ReadYaml(value, &text));
  if (absl::SimpleAtod(text, out) && std::isfinite(*out)) return absl::OkStatus();
  return value.Error(absl::StrFormat("is \"%s\", a number is needed", text.substr(0, 60)));
}

// What all names of an enum begin with: "OBJECTIVE_" of "OBJECTIVE_UNSPECIFIED" and "OBJECTIVE_PARETO", else nothing.
std::string CommonPrefix(const EnumDescriptor& type) {
  const std::string zero = type.value(0)->name();
  std::string prefix = zero.substr(0, zero.size() - std::string("UNSPECIFIED").size());
  for (int i = 0; i < type.value_count(); ++i) {
    if (!absl::StartsWith(type.value(i)->name(), prefix)) return "";
  }
  return prefix;
}

absl::Status ReadEnum(const YamlValue& value, const EnumDescriptor& type,
                      const EnumValueDescriptor** out) {
  std::string text;
  BL_RETURN_IF_ERROR(ReadYaml(value, &text));
  std::replace(text.begin(), text.end(), '-', '_');  // As flags spell it: confident-skip.
  const std::string prefix = CommonPrefix(type);
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    *out = type.value(i);
    const std::string rest = (*out)->name().substr(prefix.size());
    if (text == (*out)->name() || absl::EqualsIgnoreCase(text, rest)) return absl::OkStatus();
    if (i > 0) names.push_back(absl::AsciiStrToLower(rest));
  }
  return value.Error(absl::StrFormat("is \"%s\", must be one of %s", text.substr(0, 60),
                                     absl::StrJoin(names, ", ")));
}

absl::Status ReadSubmessage(const YamlValue& value, Message* message) {
  if (value.node.IsScalar() && message->GetDescriptor() == v1::Space::descriptor()) {
    std::string name;
    BL_RETURN_IF_ERROR(ReadYaml(value, &name));
    const absl::StatusOr<Space> space = LoadSpace(name);
    if (!space.ok()) return value.Error(absl::StrCat("is refused: ", space.status().message()));
    message->CopyFrom(*space);
    return absl::OkStatus();
  }
  YamlMap map(value);
  BL_RETURN_IF_ERROR(ReadFields(map, message));
  return map.Finish();
}

// Reads one value: sets a singular field, or appends to a repeated one.
absl::Status ReadValue(const YamlValue& value, const FieldDescriptor& field, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  const bool repeated = field.is_repeated();
  const auto store = [&](auto set, auto add, auto scalar) {
    (reflection.*(repeated ? add : set))(message, &field, scalar);
    return absl::OkStatus();
  };
  int64_t integer = 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      BL_RETURN_IF_ERROR(ReadInteger(value, field, std::numeric_limits<int32_t>::min(),
                                     std::numeric_limits<int32_t>::max(), &integer));
      return store(&Reflection::SetInt32, &Reflection::AddInt32, static_cast<int32_t>(integer));
    case FieldDescriptor::CPPTYPE_INT64:
      BL_RETURN_IF_ERROR(ReadInteger(value, field, std::numeric_limits<int64_t>::min(),
                                     std::numeric_limits<int64_t>::max(), &integer));
      return store(&Reflection::SetInt64, &Reflection::AddInt64, integer);
    case FieldDescriptor::CPPTYPE_UINT64: {
      uint64_t large = 0;
      BL_RETURN_IF_ERROR(ReadUnsigned(value, &large));
      return store(&Reflection::SetUInt64, &Reflection::AddUInt64, large);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      BL_RETURN_IF_ERROR(ReadNumber(value, &number));
      return store(&Reflection::SetDouble, &Reflection::AddDouble, number);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool truth = false;
      BL_RETURN_IF_ERROR(ReadYaml(value, &truth));
      return store(&Reflection::SetBool, &Reflection::AddBool, truth);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text;
      BL_RETURN_IF_ERROR(ReadYaml(value, &text));
      return store(&Reflection::SetString, &Reflection::AddString, text);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* choice = nullptr;
      BL_RETURN_IF_ERROR(ReadEnum(value, *field.enum_type(), &choice));
      return store(&Reflection::SetEnum, &Reflection::AddEnum, choice);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadSubmessage(value, repeated ? reflection.AddMessage(message, &field)
                                            : reflection.MutableMessage(message, &field));
    default:
      return value.Error(absl::StrFormat("is a %s, which files cannot give", field.type_name()));
  }
}

absl::Status ReadField(const YamlValue& value, const FieldDescriptor& field, Message* message) {
  if (!field.is_repeated()) return ReadValue(value, field, message);
  BL_ASSIGN_OR_RETURN(const std::vector<YamlValue> items, YamlSequence(value));
  message->GetReflection()->ClearField(message, &field);
  for (const YamlValue& item : items) BL_RETURN_IF_ERROR(ReadValue(item, field, message));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadFields(YamlMap& map, Message* message) {
  BL_RETURN_IF_ERROR(map.status());
  const google::protobuf::Descriptor& type = *message->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    std::string name = field.name();
    if (!map.Has(name)) name = field.json_name();
    if (!map.Has(name)) continue;
    BL_RETURN_IF_ERROR(ReadField(map.RequireValue(name), field, message));
  }
  return absl::OkStatus();
}

}  // namespace boardloop
