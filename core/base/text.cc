#include "core/base/text.h"

#include <cstddef>

namespace boardloop {
namespace {

// Bytes of the well-formed UTF-8 sequence at text[i] (Unicode 15, table 3-7), 0 if there is none.
size_t SequenceLength(const std::string& text, size_t i) {
  const auto byte = [&](size_t offset) -> int {
    return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : -1;
  };
  const auto continues = [&](size_t offset) {
    return byte(offset) >= 0x80 && byte(offset) <= 0xBF;
  };
  const int first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const int low = first == 0xE0 ? 0xA0 : 0x80;   // Else overlong.
    const int high = first == 0xED ? 0x9F : 0xBF;  // Else a surrogate.
    return byte(1) >= low && byte(1) <= high && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const int low = first == 0xF0 ? 0x90 : 0x80;
    const int high = first == 0xF4 ? 0x8F : 0xBF;  // Else beyond U+10FFFF.
    return byte(1) >= low && byte(1) <= high && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// C0 and C1 controls; a terminal obeys both.
bool IsControl(const std::string& sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string Printable(const std::string& text) {
  std::string printable;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    const std::string sequence = text.substr(i, length);
    printable += length == 0 || IsControl(sequence) ? "?" : sequence;
    i += length == 0 ? 1 : length;
  }
  return printable;
}

int64_t DisplayWidth(const std::string& text) {
  int64_t width = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
  }
  return width;
}

std::string EscapeHtml(const std::string& text) {
  std::string html;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace boardloop
