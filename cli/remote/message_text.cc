#include "cli/remote/message_text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "google/protobuf/descriptor.h"

namespace boardloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status CheckString(const std::string& text, const std::string& name) {
  if (IsUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is \"%s\", must be UTF-8", name, Printable(text)));
}

absl::Status CheckFields(const Message& message, const std::string& prefix) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;  // Those that are set.
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(prefix, field->name());
    const bool is_string = field->type() == FieldDescriptor::TYPE_STRING;
    if (!is_string && field->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (is_string) {
        BL_RETURN_IF_ERROR(CheckString(field->is_repeated()
                                           ? reflection.GetRepeatedString(message, field, i)
                                           : reflection.GetString(message, field),
                                       name));
        continue;
      }
      BL_RETURN_IF_ERROR(CheckFields(field->is_repeated()
                                         ? reflection.GetRepeatedMessage(message, field, i)
                                         : reflection.GetMessage(message, field),
                                     name + "."));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckText(const Message& message) { return CheckFields(message, ""); }

}  // namespace boardloop
