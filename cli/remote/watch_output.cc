#include "cli/remote/watch_output.h"

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/output.h"
#include "cli/remote/format.h"
#include "cli/remote/json.h"
#include "cli/remote/live_screen.h"
#include "cli/remote/search_watcher.h"
#include "cli/remote/watch_view.h"
#include "core/base/mutex.h"

namespace boardloop {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kFrontInterval = absl::Seconds(2);
constexpr absl::Duration kFrontDeadline = absl::Seconds(5);

// A thread draws once a second, so that times go on while nothing happens.
class ScreenOutput : public WatchOutput {
 public:
  explicit ScreenOutput(Connection& connection)
      : connection_(connection), ticker_([this] { Tick(); }) {}
  ~ScreenOutput() override {
    Stop();
    ticker_.join();
  }

  absl::Status Update(const v1::WatchSearchResponse& response) override {
    const bool ended = HasEnded(response.search());
    const int64_t known = response.search().progress().candidates_scored();
    const absl::Time now = absl::Now();
    const bool refresh = known != front_of_ && (ended || now - front_time_ > kFrontInterval);
    Candidates front;
    const bool fetched = refresh && FetchFront(response.search().name(), &front);
    if (refresh) {
      front_of_ = known;
      front_time_ = now;
    }
    MutexLock lock(mu_);
    state_.Update(response, now);
    if (fetched) state_.SetFront(front);
    Draw();
    return written_;
  }

  void Lost(const absl::Status& why) override {
    MutexLock lock(mu_);
    state_.SetLost(std::string(why.message()));
    Draw();
  }

 private:
  // Decoration: without it the rest is still right.
  bool FetchFront(const std::string& search, Candidates* front) {
    v1::GetFrontRequest request;
    request.set_parent(search);
    const absl::StatusOr<v1::GetFrontResponse> response =
        connection_.Call(&v1::SearchService::Stub::GetFront, request, kFrontDeadline);
    if (response.ok()) *front = response->candidates();
    return response.ok();
  }

  void Draw() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!written_.ok() || state_.search().name().empty()) return;
    const ScreenSize size = TerminalSize();
    written_ = screen_.Draw(WatchScreen(state_, absl::Now(), size), size);
  }

  void Tick() {
    MutexLock lock(mu_);
    const auto stopped = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; };
    while (!mu_.AwaitFor(stopped, kTick)) Draw();
  }
  void Stop() {
    MutexLock lock(mu_);
    stopped_ = true;
  }

  Connection& connection_;
  int64_t front_of_ = 0;  // Scored candidates when the front was fetched.
  absl::Time front_time_;
  Mutex mu_;
  WatchState state_ ABSL_GUARDED_BY(mu_);
  LiveScreen screen_ ABSL_GUARDED_BY(mu_);
  absl::Status written_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::thread ticker_;  // Last: it uses the others.
};

class LogOutput : public WatchOutput {
 public:
  absl::Status Update(const v1::WatchSearchResponse& response) override {
    std::string text;
    for (const v1::Event& event : response.events()) {
      absl::StrAppend(&text, EventText(event, response.search().name()), "\n");
    }
    const std::string line = WatchLine(response.search());
    if (line != last_) {
      absl::StrAppend(&text, TimeOf(response.search()), "  ", line, "\n");
    }
    last_ = line;
    return WriteResults(text);
  }
  void Lost(const absl::Status& why) override {
    WriteMessage(absl::StrCat("connection lost, trying again: ", std::string(why.message())));
  }

 private:
  // Of what is said of the search: its end may be long ago.
  static std::string TimeOf(const v1::Search& search) {
    if (HasEnded(search) && search.has_end_time()) return ClockText(search.end_time());
    return absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone());
  }

  std::string last_;
};

class JsonOutput : public WatchOutput {
 public:
  absl::Status Update(const v1::WatchSearchResponse& response) override {
    return WriteJson(response, JsonForm::kLine);
  }
  void Lost(const absl::Status& why) override {
    WriteMessage(absl::StrCat("connection lost, trying again: ", std::string(why.message())));
  }
};

}  // namespace

std::unique_ptr<WatchOutput> MakeScreenOutput(Connection& connection) {
  return std::make_unique<ScreenOutput>(connection);
}
std::unique_ptr<WatchOutput> MakeLogOutput() { return std::make_unique<LogOutput>(); }
std::unique_ptr<WatchOutput> MakeJsonOutput() { return std::make_unique<JsonOutput>(); }

}  // namespace boardloop
