// Messages as JSON: field names as in the proto (snake_case), scalars also where they are 0.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace boardloop {

enum class JsonForm {
  kIndented,  // For one object.
  kLine,      // For one object of a stream.
};

// With a newline at the end.
absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message, JsonForm form);

// MessageJson to standard output.
absl::Status WriteJson(const google::protobuf::Message& message,
                       JsonForm form = JsonForm::kIndented);

}  // namespace boardloop
