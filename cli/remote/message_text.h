// The text in messages that are to be sent.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace boardloop {

// INVALID_ARGUMENT  a string in `message` is not UTF-8, which no coordinator could read: names the field, as
//                   "search.spec.dataset.path"
absl::Status CheckText(const google::protobuf::Message& message);

}  // namespace boardloop
