// A block of lines at the end of a terminal that is drawn again in place, without flicker.
//
// A frame is one write: the cursor is hidden, goes up to the first line, each line is overwritten and its rest erased, and
// the cursor comes back. Nothing needs to be restored when the program is killed between two frames, and what was printed
// before stays.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/remote/watch_view.h"

namespace boardloop {

// Whether standard output is a terminal that understands cursor movements.
bool IsLiveTerminal();
// Of the terminal on standard output; 80 x 24 where it does not say.
ScreenSize TerminalSize();

// The bytes that replace `previous_lines` lines, above the cursor, by `lines`. `clear`: the terminal has another size
// than before, so that lines may have wrapped: everything is erased first.
std::string FrameBytes(const std::vector<ScreenLine>& lines, int previous_lines, bool clear,
                       bool colour);

class LiveScreen {
 public:
  LiveScreen();
  // Draws unless nothing has changed. Statuses of WriteResults.
  absl::Status Draw(const std::vector<ScreenLine>& lines, ScreenSize size);

 private:
  const bool colour_;
  int drawn_lines_ = 0;
  ScreenSize drawn_size_;
  std::string drawn_;
};

}  // namespace boardloop
