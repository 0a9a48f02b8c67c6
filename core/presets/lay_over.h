// One message over another, as a search file is laid over its preset.
#pragma once

#include "google/protobuf/message.h"

namespace boardloop {

// Copies to `base` what is set in `over`: messages are merged, lists and maps replaced, scalars replaced where `over` has
// another value than zero. Both are of the same type.
void LayOver(const google::protobuf::Message& over, google::protobuf::Message& base);

}  // namespace boardloop
