#include "firmware/codegen/c_text.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "absl/strings/str_format.h"

namespace boardloop {

std::string CommentText(const std::string& text) {
  std::string safe = text;
  for (char& c : safe) {
    const bool printable = c >= ' ' && c <= '~';
    if (!printable || c == '*' || c == '\\' || c == '?') c = '_';
  }
  return safe;
}

std::string Int32Literal(int64_t value) {
  const auto word = static_cast<int32_t>(static_cast<uint32_t>(value));
  // C has no negative literals: -2147483648 would be a negated int64_t.
  if (word == std::numeric_limits<int32_t>::min()) return "INT32_MIN";
  return std::to_string(word);
}

std::string UpperCase(const std::string& text) {
  std::string upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

}  // namespace boardloop
