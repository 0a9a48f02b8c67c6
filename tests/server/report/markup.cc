#include "tests/server/report/markup.h"

#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == ':';
}

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  absl::StatusOr<std::vector<Element>> Read() {
    if (absl::StartsWith(text_, "<!doctype html>")) at_ = 15;
    while (at_ < text_.size()) {
      if (text_[at_] != '<') {
        BL_RETURN_IF_ERROR(ReadText());
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '/') {
        BL_RETURN_IF_ERROR(ReadEnd());
      } else {
        BL_RETURN_IF_ERROR(ReadStart());
      }
    }
    if (!open_.empty())
      return Error(absl::StrCat("<", elements_[open_.back()].name, "> has no end"));
    return std::move(elements_);
  }

 private:
  absl::Status Error(const std::string& what) const {
    const size_t from = at_ < 40 ? 0 : at_ - 40;
    return absl::InvalidArgumentError(
        absl::StrFormat("at byte %d: %s, near \"%s\"", at_, what, text_.substr(from, 80)));
  }

  std::string ReadName() {
    const size_t from = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  // Up to `end`, not included.
  absl::StatusOr<std::string> ReadUntil(char end) {
    static const std::map<std::string, std::string> entities = {
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"#39", "'"}};
    std::string text;
    while (at_ < text_.size() && text_[at_] != end) {
      const char c = text_[at_];
      if (c == '<') return Error("a bare '<'");
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return Error("a control character");
      if (c != '&') {
        text += c;
        ++at_;
        continue;
      }
      const size_t semicolon = text_.find(';', at_);
      const auto entity = semicolon == std::string::npos
                              ? entities.end()
                              : entities.find(text_.substr(at_ + 1, semicolon - at_ - 1));
      if (entity == entities.end()) return Error("a bare '&'");
      text += entity->second;
      at_ = semicolon + 1;
    }
    return text;
  }

  absl::Status ReadText() {
    BL_ASSIGN_OR_RETURN(const std::string text, ReadUntil('<'));
    if (!open_.empty()) {
      elements_[open_.back()].text += text;
    } else if (text.find_first_not_of('\n') != std::string::npos) {
      return Error("text outside of the document");
    }
    return absl::OkStatus();
  }

  absl::Status ReadEnd() {
    at_ += 2;
    const std::string name = ReadName();
    if (at_ >= text_.size() || text_[at_] != '>') return Error("an end tag without end");
    ++at_;
    if (open_.empty() || elements_[open_.back()].name != name) {
      return Error(absl::StrCat("</", name, "> ends nothing that is open"));
    }
    open_.pop_back();
    return absl::OkStatus();
  }

  absl::Status ReadAttribute(Element* element) {
    const std::string name = ReadName();
    if (name.empty()) return Error("a tag with something else than attributes");
    if (text_.compare(at_, 2, "=\"") != 0) return Error("an attribute without a quoted value");
    at_ += 2;
    BL_ASSIGN_OR_RETURN(const std::string value, ReadUntil('"'));
    ++at_;
    if (!element->attributes.emplace(name, value).second) return Error("an attribute given twice");
    if (name == "id" && !ids_.insert(value).second) {
      return Error(absl::StrCat("id ", value, " is used twice"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadStart() {
    ++at_;
    Element element;
    element.name = ReadName();
    if (element.name.empty()) return Error("a tag without a name");
    SkipSpace();
    while (at_ < text_.size() && text_[at_] != '>' && text_[at_] != '/') {
      BL_RETURN_IF_ERROR(ReadAttribute(&element));
      SkipSpace();
    }
    const bool closed = text_.compare(at_, 2, "/>") == 0;
    if (!closed && text_.compare(at_, 1, ">") != 0) return Error("a tag without end");
    at_ += closed ? 2 : 1;
    elements_.push_back(element);
    if (closed) return absl::OkStatus();
    open_.push_back(elements_.size() - 1);
    if (element.name == "script" || element.name == "style") {
      const size_t end = text_.find(absl::StrCat("</", element.name), at_);
      if (end == std::string::npos) return Error("raw text without end");
      elements_.back().text = text_.substr(at_, end - at_);
      at_ = end;
    }
    return absl::OkStatus();
  }

  const std::string& text_;
  size_t at_ = 0;
  std::vector<Element> elements_;
  std::vector<size_t> open_;
  std::set<std::string> ids_;
};

}  // namespace

absl::StatusOr<std::vector<Element>> ParseMarkup(const std::string& text) {
  return Reader(text).Read();
}

std::vector<Element> Named(const std::vector<Element>& elements, const std::string& name) {
  std::vector<Element> named;
  for (const Element& element : elements) {
    if (element.name == name) named.push_back(element);
  }
  return named;
}

std::string TextOf(const std::vector<Element>& elements) {
  std::string text;
  for (const Element& element : elements) {
    absl::StrAppend(&text, element.text, "\n");
    for (const auto& [name, value] : element.attributes) absl::StrAppend(&text, value, "\n");
  }
  return text;
}

}  // namespace boardloop
