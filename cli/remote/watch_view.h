// What `boardloop watch` shows, as a function of what is known, of the time, and of the size of the terminal.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boardloop/v1/search_service.pb.h"
#include "cli/remote/search_text.h"

namespace boardloop {

// All that is known of a search that is being watched.
class WatchState {
 public:
  void Update(const v1::WatchSearchResponse& response, absl::Time now);
  void SetFront(const Candidates& front) { front_ = front; }
  // The coordinator went away; the next update says that it is back.
  void SetLost(const std::string& why) { lost_ = why; }

  const v1::Search& search() const { return search_; }
  const Candidates& front() const { return front_; }
  const std::deque<v1::Event>& events() const { return events_; }  // The newest, oldest first.
  const std::string& lost() const { return lost_; }                // Empty while connected.

  // Until the end of the current stage: what the worker says, else at the rate since the stage was first seen.
  // absl::InfiniteDuration() while nothing is known.
  absl::Duration StageTimeLeft(absl::Time now) const;

 private:
  v1::Search search_;
  Candidates front_;
  std::deque<v1::Event> events_;
  std::string lost_;
  absl::Time updated_;
  absl::Time stage_seen_;           // When the current stage was first seen,
  double stage_seen_fraction_ = 0;  // and how far it was.
};

enum class LineStyle { kPlain, kBold, kDim, kGood, kBad, kWarning };

struct ScreenLine {
  std::string text;  // Without control characters, at most as wide as the terminal.
  LineStyle style = LineStyle::kPlain;
};

struct ScreenSize {
  int columns = 80;
  int rows = 24;
};

// At most size.rows - 1 lines of at most size.columns columns. When there is little room, the plot gives way first, then events.
std::vector<ScreenLine> WatchScreen(const WatchState& state, absl::Time now, ScreenSize size);

// A bar of `width` columns, `fraction` of it filled, in eighths of a column.
std::string BarText(double fraction, int width);

// One line for a log: stage, progress, best so far. Equal for updates between which nothing worth a line happened.
std::string WatchLine(const v1::Search& search);

}  // namespace boardloop
