#include "cli/remote/watch_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/remote/format.h"
#include "cli/remote/front_plot.h"
#include "cli/remote/names.h"
#include "cli/remote/scatter.h"
#include "cli/remote/search_watcher.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr size_t kKeptEvents = 50;
constexpr size_t kShownEvents = 5;
constexpr int kStageWidth = 20;
constexpr int kMaxBar = 30;
constexpr int kMaxPlotWidth = 72;
constexpr int kMaxPlotHeight = 12;
constexpr int kMinPlotHeight = 6;
constexpr double kMinProgress = 0.01;  // Less says nothing of the rate.

constexpr v1::Search::Stage kStages[] = {v1::Search::SPACE_OPTIMIZATION, v1::Search::SUPERNET,
                                         v1::Search::EVOLUTION, v1::Search::SPECIALIZATION,
                                         v1::Search::DELIVERY};

LineStyle StyleOf(v1::Search::State state) {
  switch (state) {
    case v1::Search::SUCCEEDED:
      return LineStyle::kGood;
    case v1::Search::FAILED:
      return LineStyle::kBad;
    case v1::Search::INFEASIBLE:
    case v1::Search::CANCELLED:
      return LineStyle::kWarning;
    default:
      return LineStyle::kBold;
  }
}

// What is known of a stage beside its fraction.
std::string StageDetail(const v1::Search& search, v1::Search::Stage stage) {
  const v1::SearchProgress& progress = search.progress();
  if (stage == v1::Search::SPACE_OPTIMIZATION && search.resolution() > 0) {
    return absl::StrFormat("width %g, resolution %d", search.width_mult(), search.resolution());
  }
  if (stage == v1::Search::SUPERNET && progress.train_top1_largest() > 0) {
    return absl::StrFormat("top-1 %s largest, %s smallest", Top1Text(progress.train_top1_largest()),
                           Top1Text(progress.train_top1_smallest()));
  }
  if (stage == v1::Search::SUPERNET && progress.train_steps() > 0) {
    return absl::StrFormat("step %d of %d", progress.train_step(), progress.train_steps());
  }
  if (stage == v1::Search::EVOLUTION && progress.generations() > 0) {
    return absl::StrFormat("generation %d of %d", progress.generation(), progress.generations());
  }
  return "";
}

class Screen {
 public:
  Screen(const WatchState& state, absl::Time now, ScreenSize size)
      : state_(state), search_(state.search()), now_(now), size_(size) {}

  std::vector<ScreenLine> Lines() {
    Header();
    for (const v1::Search::Stage stage : kStages) StageLine(stage);
    Facts();
    const size_t plot_at = lines_.size();
    Events();
    Footer();
    Plot(plot_at);
    const auto most = static_cast<size_t>(std::max(1, size_.rows - 1));
    if (lines_.size() > most) lines_.resize(most);
    return std::move(lines_);
  }

 private:
  void Add(std::string text, LineStyle style = LineStyle::kPlain) {
    text.erase(text.find_last_not_of(' ') + 1);
    lines_.push_back({Clip(text, size_.columns), style});
  }
  void Field(const char* name, const std::string& value, LineStyle style = LineStyle::kPlain) {
    if (!value.empty()) Add(absl::StrFormat("%-12s %s", name, Printable(value)), style);
  }

  // Name and title to the left, state and age to the right.
  void Header() {
    std::string left = LastPart(search_.name());
    if (!search_.display_name().empty()) absl::StrAppend(&left, "  ", search_.display_name());
    std::string right = v1::Search::State_Name(search_.state());
    if (search_.has_create_time()) {
      const absl::Time end = search_.has_end_time() ? ToTime(search_.end_time()) : now_;
      absl::StrAppend(&right, "  ", DurationText(end - ToTime(search_.create_time())));
    }
    const int64_t room = size_.columns - DisplayWidth(right) - 2;
    Add(room > 8 ? absl::StrCat(ClipPad(left, room), "  ", right) : left, StyleOf(search_.state()));
  }

  void StageLine(v1::Search::Stage stage) {
    const std::string detail = StageDetail(search_, stage);
    const std::string name = ClipPad(EnumText(v1::Search::Stage_Name(stage)), kStageWidth - 2);
    if (stage < search_.stage() || search_.state() == v1::Search::SUCCEEDED) {
      Add(absl::StrCat("✓ ", name, "  ", detail), LineStyle::kGood);
    } else if (stage > search_.stage()) {
      Add(absl::StrCat("  ", name), LineStyle::kDim);
    } else if (HasEnded(search_)) {
      Add(absl::StrCat("✗ ", name, "  ", detail), StyleOf(search_.state()));
    } else {
      RunningStage(name, detail);
    }
  }

  void RunningStage(const std::string& name, const std::string& detail) {
    const double fraction = std::clamp(search_.progress().stage_fraction(), 0.0, 1.0);
    std::string end = absl::StrFormat("  %3.0f %%", fraction * 100);
    const absl::Duration left = state_.StageTimeLeft(now_);
    if (left != absl::InfiniteDuration()) absl::StrAppend(&end, ", ", DurationText(left), " left");
    if (!detail.empty()) absl::StrAppend(&end, "  ", detail);
    const int bar = std::clamp(size_.columns - kStageWidth - 40, 4, kMaxBar);
    Add(absl::StrCat("▶ ", name, "  ", BarText(fraction, bar), end), LineStyle::kBold);
  }

  void Facts() {
    Field("waiting for", search_.waiting_for(), LineStyle::kWarning);
    if (search_.progress().candidates() > 0) {
      Field("candidates", CandidateCounts(search_.progress()));
    }
    Field("best", BestText(search_.progress()));
    Field("limits", LimitsText(search_.limits()), LineStyle::kDim);
    Field("message", search_.message(), StyleOf(search_.state()));
  }

  void Events() {
    const std::deque<v1::Event>& events = state_.events();
    for (size_t i = events.size() - std::min(kShownEvents, events.size()); i < events.size(); ++i) {
      Add(EventText(events[i], search_.name()), LineStyle::kDim);
    }
  }

  void Footer() {
    if (!state_.lost().empty()) {
      Add(absl::StrCat("connection lost, trying again: ", Printable(state_.lost())),
          LineStyle::kBad);
    } else if (!HasEnded(search_)) {
      Add("Ctrl-C leaves; the search goes on", LineStyle::kDim);
    }
  }

  // Between facts and events, in the rows that are left.
  void Plot(size_t at) {
    const int room = size_.rows - 1 - static_cast<int>(lines_.size()) - 1;
    if (room < kMinPlotHeight) return;
    const std::vector<std::string> plot =
        ScatterLines(FrontPoints(state_.front()), FrontAxes(),
                     std::min(size_.columns, kMaxPlotWidth), std::min(room, kMaxPlotHeight));
    if (plot.empty()) return;
    std::vector<ScreenLine> block = {
        {Clip(absl::StrFormat("Pareto front: top-1 over latency, %d networks",
                              state_.front().size()),
              size_.columns),
         LineStyle::kBold}};
    for (const std::string& line : plot) block.push_back({line, LineStyle::kPlain});
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at), block.begin(), block.end());
  }

  const WatchState& state_;
  const v1::Search& search_;
  const absl::Time now_;
  const ScreenSize size_;
  std::vector<ScreenLine> lines_;
};

}  // namespace

void WatchState::Update(const v1::WatchSearchResponse& response, absl::Time now) {
  const bool same_stage = search_.stage() == response.search().stage();
  search_ = response.search();
  updated_ = now;
  lost_.clear();
  if (!same_stage || stage_seen_ == absl::Time()) {
    stage_seen_ = now;
    stage_seen_fraction_ = search_.progress().stage_fraction();
  }
  for (const v1::Event& event : response.events()) events_.push_back(event);
  while (events_.size() > kKeptEvents) events_.pop_front();
}

absl::Duration WatchState::StageTimeLeft(absl::Time now) const {
  const absl::Duration since_update = now - updated_;
  const v1::SearchProgress& progress = search_.progress();
  if (search_.stage() == v1::Search::SUPERNET && progress.train_seconds_left() > 0) {
    return absl::Seconds(progress.train_seconds_left()) - since_update;
  }
  const double done = progress.stage_fraction() - stage_seen_fraction_;
  if (done < kMinProgress) return absl::InfiniteDuration();
  const absl::Duration took = updated_ - stage_seen_;
  return took * ((1 - progress.stage_fraction()) / done) - since_update;
}

std::vector<ScreenLine> WatchScreen(const WatchState& state, absl::Time now, ScreenSize size) {
  return Screen(state, now, size).Lines();
}

std::string BarText(double fraction, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double within = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0;
  const int eighths = static_cast<int>(std::lround(within * width * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  int columns = eighths / 8;
  if (eighths % 8 > 0) {
    bar += kEighths[eighths % 8];
    ++columns;
  }
  for (; columns < width; ++columns) bar += "░";
  return bar;
}

std::string WatchLine(const v1::Search& search) {
  std::string line = v1::Search::State_Name(search.state());
  if (search.state() == v1::Search::RUNNING) {
    absl::StrAppendFormat(&line, "  %s %d %%", EnumText(v1::Search::Stage_Name(search.stage())),
                          static_cast<int>(search.progress().stage_fraction() * 100));
    const std::string detail = StageDetail(search, search.stage());
    // Steps alone are no news: the share says as much.
    if (!detail.empty() && search.stage() != v1::Search::SUPERNET) {
      absl::StrAppend(&line, ", ", detail);
    }
  }
  if (search.progress().candidates() > 0) {
    absl::StrAppend(&line, "  candidates ", CandidateCounts(search.progress()));
  }
  const std::string best = BestText(search.progress());
  if (!best.empty()) absl::StrAppend(&line, "  best ", best);
  if (!search.waiting_for().empty()) absl::StrAppend(&line, "  waiting for ", search.waiting_for());
  if (!search.message().empty()) absl::StrAppend(&line, "  ", search.message());
  return Printable(line);
}

}  // namespace boardloop
