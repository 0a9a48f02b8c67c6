// Text that comes from files and arguments, made safe for where it is shown.
#pragma once

#include <cstdint>
#include <string>

namespace boardloop {

// Whether `text` is valid UTF-8, control characters included. Messages between programs take nothing else.
bool IsUtf8(const std::string& text);

// `text` as one line of valid UTF-8 without control characters; each offending byte becomes '?'.
// Names of tensors and files are chosen by others: they must not move a terminal's cursor or break
// an SVG.
std::string Printable(const std::string& text);

// Columns that `text` takes on a terminal: its code points (wide characters are not told apart).
int64_t DisplayWidth(const std::string& text);

// Printable text for element content and quoted attributes of HTML.
std::string EscapeHtml(const std::string& text);

}  // namespace boardloop
