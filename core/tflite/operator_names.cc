#include "core/tflite/operator_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace boardloop::tflite {

std::string OperatorName(fb::BuiltinOperator code) {
  std::string name = fb::EnumNameBuiltinOperator(code);
  return name.empty() ? absl::StrFormat("operator %d", static_cast<int32_t>(code)) : name;
}

std::string TypeName(fb::TensorType type) {
  std::string name = fb::EnumNameTensorType(type);
  return name.empty() ? absl::StrFormat("type %d", static_cast<int32_t>(type)) : name;
}

std::string CleanName(const flatbuffers::String* name) {
  if (name == nullptr) return "";
  std::string clean(name->c_str(), std::min<size_t>(name->size(), kMaxNameLength));
  for (char& c : clean) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c)) || c == '"') c = '_';
  }
  return clean;
}

}  // namespace boardloop::tflite
