#include "cli/remote/json.h"

#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "google/protobuf/util/json_util.h"

namespace boardloop {

absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message, JsonForm form) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = form == JsonForm::kIndented;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("answer as JSON: ", status.ToString()));
  }
  if (form == JsonForm::kLine) json += "\n";
  return json;
}

absl::Status WriteJson(const google::protobuf::Message& message, JsonForm form) {
  BL_ASSIGN_OR_RETURN(const std::string json, MessageJson(message, form));
  return WriteResults(json);
}

}  // namespace boardloop
