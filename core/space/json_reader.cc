#include "core/space/json_reader.h"

#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace boardloop {
namespace {

using nlohmann::json;

// Long enough to recognize what the user wrote, short enough for one line.
constexpr size_t kShownBytes = 60;

std::string Shorten(std::string text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (text[bytes] & 0xC0) == 0x80) --bytes;  // Not inside a UTF-8 sequence.
  return text.substr(0, bytes) + "...";
}

// No file of ours nests deeper than this; printing a value recurses once per level.
constexpr int kMaxDepth = 32;

// Watches the parser for what nlohmann-json lets pass: of two fields with the same name it keeps
// the last, though one of them is a mistake of the user, and it nests as deep as memory lasts.
class Watcher {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) problem_ = absl::StrFormat("nested deeper than %d levels", kMaxDepth);
    if (!problem_.empty()) return false;  // Nothing more is stored.
    switch (event) {
      case json::parse_event_t::object_start:
        open_.emplace_back();
        break;
      case json::parse_event_t::object_end:
        open_.pop_back();
        break;
      case json::parse_event_t::key: {
        const std::string& name = parsed.get_ref<const std::string&>();
        if (open_.back().insert(name).second) break;
        problem_ = absl::StrFormat("an object has the field %s twice",
                                   Shorten(parsed.dump(), kShownBytes));
        return false;
      }
      default:
        break;
    }
    return true;
  }
  const std::string& problem() const { return problem_; }  // Empty if there is none.

 private:
  std::vector<std::set<std::string>> open_;  // Names seen in every object that is still open.
  std::string problem_;
};

// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without the brackets.
std::string Explain(const json::exception& error) {
  std::string what = error.what();
  size_t bracket = what.find("] ");
  if (bracket != std::string::npos) what.erase(0, bracket + 2);
  return Shorten(std::move(what), 200);
}

}  // namespace

absl::StatusOr<json> ParseJson(const std::string& text, const std::string& source) {
  Watcher watcher;
  json value;
  try {
    value = json::parse(text, [&watcher](int depth, json::parse_event_t event, json& parsed) {
      return watcher(depth, event, parsed);
    });
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", Explain(error)));
  }
  if (!watcher.problem().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", watcher.problem()));
  }
  return value;
}

absl::Status JsonTypeError(const json& value, const std::string& where, const std::string& wanted) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is %s, %s is needed", where, Shorten(value.dump(), kShownBytes), wanted));
}

std::string JsonFieldPath(const std::string& where, const std::string& name) {
  bool inside = !where.empty() && where.back() != ' ';
  return absl::StrCat(where, inside ? "." : "", name);
}

absl::Status ReadJson(const json& value, const std::string& where, int32_t* out) {
  // An unsigned number above int64_t's range must not wrap around into the range.
  bool fits = value.is_number_integer() &&
              (!value.is_number_unsigned() ||
               value.get<uint64_t>() <= uint64_t{std::numeric_limits<int32_t>::max()});
  int64_t wide = fits ? value.get<int64_t>() : 0;
  if (!fits || wide < std::numeric_limits<int32_t>::min()) {
    return JsonTypeError(value, where, "an integer of 32 bits");
  }
  *out = static_cast<int32_t>(wide);
  return absl::OkStatus();
}

absl::Status ReadJson(const json& value, const std::string& where, double* out) {
  if (!value.is_number()) return JsonTypeError(value, where, "a number");
  *out = value.get<double>();
  return absl::OkStatus();
}

absl::Status ReadJson(const json& value, const std::string& where, std::string* out) {
  if (!value.is_string()) return JsonTypeError(value, where, "a string");
  *out = value.get<std::string>();
  return absl::OkStatus();
}

JsonObject::JsonObject(const json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (value_.is_object()) return;
  std::string place = where_;
  if (!place.empty() && place.back() == ' ') place += "the file";
  status_ = JsonTypeError(value_, place, "an object");
}

const json* JsonObject::Optional(const std::string& name) {
  if (!status_.ok()) return nullptr;
  known_.insert(name);
  auto field = value_.find(name);
  return field == value_.end() ? nullptr : &*field;
}

absl::Status JsonObject::Finish() const {
  if (!status_.ok()) return status_;
  for (const auto& [name, field] : value_.items()) {
    if (known_.count(name) > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is not a known field; these are: %s",
                        JsonFieldPath(where_, Shorten(absl::Utf8SafeCHexEscape(name), kShownBytes)),
                        absl::StrJoin(known_, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace boardloop
