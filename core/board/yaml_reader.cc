#include "core/board/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr int kMaxDepth = 8;
constexpr size_t kMaxBytes = 64 * 1024;
constexpr size_t kShownBytes = 60;  // Of a value, in messages.

std::string Shown(const std::string& text) {
  return absl::StrCat(absl::CHexEscape(text.substr(0, kShownBytes)),
                      text.size() > kShownBytes ? "..." : "");
}

// Runs over the events of a document, without building it, and throws at the first thing that we do
// not accept: before a deep nesting is deep.
class Guard : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw YAML::ParserException(mark, "only one document may be here");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override { NoAnchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { NoAnchor(mark); }
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    NoTag(mark, tag);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    NoTag(mark, tag);
    Enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    NoTag(mark, tag);
    Enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  [[noreturn]] void NoAnchor(const YAML::Mark& mark) {
    throw YAML::ParserException(mark, "anchors and aliases are not supported");
  }
  void NoTag(const YAML::Mark& mark, const std::string& tag) {
    // "?" and "!" are what the parser itself gives to plain and to quoted values.
    bool ours = !tag.empty() && tag != "?" && tag != "!";
    if (ours) throw YAML::ParserException(mark, "tags are not supported");
  }
  void Enter(const YAML::Mark& mark) {
    if (++depth_ <= kMaxDepth) return;
    throw YAML::ParserException(mark, absl::StrFormat("nested deeper than %d levels", kMaxDepth));
  }

  int depth_ = 0;
  int documents_ = 0;
};

}  // namespace

absl::Status YamlValue::Error(const std::string& problem) const {
  int line = std::max(1, node.Mark().line + 1);  // An empty document has none.
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s:%d: %s %s", source, line, path.empty() ? "the document" : path.c_str(), problem));
}

absl::StatusOr<YamlValue> ParseYaml(const std::string& text, const std::string& source) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s has %d bytes, at most %d are read", source, text.size(), kMaxBytes));
  }
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Guard guard;
    while (parser.HandleNextDocument(guard)) {
    }
    return YamlValue{YAML::Load(text), source, ""};
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: %s", source, error.mark.line + 1, Shown(error.msg)));
  }
}

absl::Status ReadYaml(const YamlValue& value, std::string* out) {
  if (!value.node.IsScalar()) return value.Error("must be text");
  const std::string& text = value.node.Scalar();
  for (char c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
      return value.Error(absl::StrFormat("is \"%s\", must be one line", Shown(text)));
    }
  }
  *out = text;
  return absl::OkStatus();
}

absl::Status ReadYaml(const YamlValue& value, int64_t* out) {
  if (!value.node.IsScalar()) return value.Error("must be an integer");
  const std::string& text = value.node.Scalar();
  bool read =
      absl::StartsWith(text, "0x") ? absl::SimpleHexAtoi(text, out) : absl::SimpleAtoi(text, out);
  if (read) return absl::OkStatus();
  return value.Error(absl::StrFormat("is \"%s\", an integer is needed", Shown(text)));
}

absl::Status ReadYaml(const YamlValue& value, bool* out) {
  if (!value.node.IsScalar()) return value.Error("must be true or false");
  const std::string& text = value.node.Scalar();
  *out = text == "true";
  if (*out || text == "false") return absl::OkStatus();
  return value.Error(absl::StrFormat("is \"%s\", must be true or false", Shown(text)));
}

absl::StatusOr<std::vector<YamlValue>> YamlSequence(const YamlValue& value) {
  if (!value.node.IsSequence()) return value.Error("must be a list");
  std::vector<YamlValue> items;
  for (const YAML::Node& node : value.node) {
    items.push_back({node, value.source, absl::StrCat(value.path, "[", items.size(), "]")});
  }
  return items;
}

YamlMap::YamlMap(const YamlValue& value) : value_(value) {
  if (!value.node.IsMap()) {
    status_ = value.Error("must be a mapping of names to values");
    return;
  }
  for (const auto& field : value.node) AddField(field.first, field.second);
}

void YamlMap::AddField(const YAML::Node& key, const YAML::Node& field) {
  if (!status_.ok()) return;
  if (!key.IsScalar()) {
    status_ = value_.Error("has a field whose name is not a word");
    return;
  }
  std::string name = Shown(key.Scalar());
  std::string path = value_.path.empty() ? name : absl::StrCat(value_.path, ".", name);
  YamlValue member{field, value_.source, path};
  if (!fields_.emplace(key.Scalar(), member).second) status_ = member.Error("is given twice");
  read_.emplace(key.Scalar(), false);
}

YamlValue YamlMap::RequireValue(const std::string& name) {
  if (!status_.ok()) return {};
  auto field = fields_.find(name);
  if (field == fields_.end()) {
    status_ = value_.Error(absl::StrFormat("lacks the field \"%s\"", name));
    return {};
  }
  read_[name] = true;
  return field->second;
}

absl::Status YamlMap::Finish() const {
  if (!status_.ok()) return status_;
  for (const auto& [name, read] : read_) {
    if (!read) return fields_.at(name).Error("is not a known field");
  }
  return absl::OkStatus();
}

}  // namespace boardloop
