// Strict reading of JSON that people write: duplicate, unknown and missing fields and wrong types
// are errors that name the place, as in `net.json: stages[2][1].kernel is "3", an integer is
// needed`.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace boardloop {

// Parses `text`; `source` names it in messages.
//
// INVALID_ARGUMENT  not JSON (with line and column), or an object has a field twice
absl::StatusOr<nlohmann::json> ParseJson(const std::string& text, const std::string& source);

// "`where` is `value`, `wanted` is needed", the value shortened to a few words.
absl::Status JsonTypeError(const nlohmann::json& value, const std::string& where,
                           const std::string& wanted);

// The path of a field: `where` is a file ("net.json: ") or a value inside it ("net.json:
// stages[2]").
std::string JsonFieldPath(const std::string& where, const std::string& name);

// Each reads one value, or says what was found at `where`.
absl::Status ReadJson(const nlohmann::json& value, const std::string& where, int32_t* out);
absl::Status ReadJson(const nlohmann::json& value, const std::string& where, double* out);
absl::Status ReadJson(const nlohmann::json& value, const std::string& where, std::string* out);

template <typename T>
absl::Status ReadJson(const nlohmann::json& value, const std::string& where, std::vector<T>* out) {
  if (!value.is_array()) return JsonTypeError(value, where, "an array");
  out->resize(value.size());
  for (size_t i = 0; i < value.size(); ++i) {
    BL_RETURN_IF_ERROR(ReadJson(value[i], absl::StrCat(where, "[", i, "]"), &(*out)[i]));
  }
  return absl::OkStatus();
}

// Reads the fields of one object. The first error sticks, so that callers check once, in Finish.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& value, std::string where);

  template <typename T>
  void Require(const std::string& name, T* out) {
    const nlohmann::json* field = Optional(name);
    if (field != nullptr) {
      status_ = ReadJson(*field, JsonFieldPath(where_, name), out);
    } else if (status_.ok()) {
      status_ = absl::InvalidArgumentError(JsonFieldPath(where_, name) + " is missing");
    }
  }

  // The field for the caller to read; null when it is missing, and after an error.
  const nlohmann::json* Optional(const std::string& name);

  // The first error; else INVALID_ARGUMENT when the object has a field that nobody asked for.
  absl::Status Finish() const;

 private:
  const nlohmann::json& value_;
  std::string where_;
  std::set<std::string> known_;
  absl::Status status_;
};

}  // namespace boardloop
