#include "cli/remote/live_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// The outer pair asks the terminal to show the frame as a whole; those that do not know it ignore it.
constexpr char kBegin[] = "\x1b[?2026h\x1b[?25l";
constexpr char kEnd[] = "\x1b[?25h\x1b[?2026l";
constexpr char kClear[] = "\x1b[H\x1b[2J";
constexpr char kEraseToEndOfLine[] = "\x1b[K";
constexpr char kEraseBelow[] = "\x1b[J";
constexpr char kReset[] = "\x1b[0m";

const char* StyleBytes(LineStyle style) {
  switch (style) {
    case LineStyle::kBold:
      return "\x1b[1m";
    case LineStyle::kDim:
      return "\x1b[2m";
    case LineStyle::kGood:
      return "\x1b[32m";
    case LineStyle::kBad:
      return "\x1b[31m";
    case LineStyle::kWarning:
      return "\x1b[33m";
    case LineStyle::kPlain:
      break;
  }
  return "";
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool IsLiveTerminal() {
  const std::string term = Environment("TERM");
  return isatty(STDOUT_FILENO) == 1 && !term.empty() && term != "dumb";
}

ScreenSize TerminalSize() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return ScreenSize();
  }
  return {size.ws_col, size.ws_row};
}

std::string FrameBytes(const std::vector<ScreenLine>& lines, int previous_lines, bool clear,
                       bool colour) {
  std::string bytes = kBegin;
  if (clear) {
    bytes += kClear;
  } else if (previous_lines > 0) {
    absl::StrAppend(&bytes, "\x1b[", previous_lines, "A\r");
  }
  for (const ScreenLine& line : lines) {
    const std::string style = colour ? StyleBytes(line.style) : "";
    absl::StrAppend(&bytes, style, line.text, style.empty() ? "" : kReset, kEraseToEndOfLine,
                    "\r\n");
  }
  return bytes + kEraseBelow + kEnd;
}

// https://no-color.org
LiveScreen::LiveScreen() : colour_(Environment("NO_COLOR").empty()) {}

absl::Status LiveScreen::Draw(const std::vector<ScreenLine>& lines, ScreenSize size) {
  const bool resized =
      drawn_lines_ > 0 && (size.columns != drawn_size_.columns || size.rows != drawn_size_.rows);
  const std::string content = FrameBytes(lines, 0, false, colour_);
  if (content == drawn_ && !resized) return absl::OkStatus();
  BL_RETURN_IF_ERROR(WriteResults(FrameBytes(lines, drawn_lines_, resized, colour_)));
  drawn_ = content;
  drawn_lines_ = static_cast<int>(lines.size());
  drawn_size_ = size;
  return absl::OkStatus();
}

}  // namespace boardloop
