// A strict reader of the markup that reports are written in: enough of XML to tell whether a page is
// well-formed and what is in it. Elements <script> and <style> hold text up to their end tags.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace boardloop {

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;  // Entities resolved.
  std::string text;                               // Directly inside, entities resolved.
};

// The elements of a document in the order of their start tags, after "<!doctype html>" if there is one.
//
// INVALID_ARGUMENT  tags that do not nest, an attribute without quotes or given twice, an unknown
//                   entity, a bare '<' or '&', a control character, an id that is used twice
absl::StatusOr<std::vector<Element>> ParseMarkup(const std::string& text);

// Elements of that name.
std::vector<Element> Named(const std::vector<Element>& elements, const std::string& name);

// All texts and attribute values of the elements named so, or of all, one after the other.
std::string TextOf(const std::vector<Element>& elements);

}  // namespace boardloop
