#include "core/presets/lay_over.h"

#include <vector>

namespace boardloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// MergeFrom() would append to lists.
void ClearListsSetIn(const Message& over, Message& base) {
  const Reflection& reflection = *over.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(over, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated()) {
      reflection.ClearField(&base, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ClearListsSetIn(reflection.GetMessage(over, field), *reflection.MutableMessage(&base, field));
    }
  }
}

}  // namespace

void LayOver(const Message& over, Message& base) {
  ClearListsSetIn(over, base);
  base.MergeFrom(over);
}

}  // namespace boardloop
