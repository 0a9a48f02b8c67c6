#include "device-agent/service/agent_metrics.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "boardloop/v1/measurement.pb.h"
#include "core/metrics/busy_time.h"

namespace boardloop {
namespace {

// From a step that finds its result in a cache to the worst that flashing takes.
const prometheus::Histogram::BucketBoundaries kStepSeconds = {0.005, 0.02, 0.05, 0.1, 0.25, 0.5,
                                                              1,     2.5,  5,    15,  60};
constexpr const char* kSteps[] = {"prepare", "build", "flash", "boot", "run", "read", "other"};
constexpr std::pair<BoardActivity, const char*> kActivities[] = {
    {BoardActivity::kChecking, "checking"},
    {BoardActivity::kIdle, "idle"},
    {BoardActivity::kMeasuring, "measuring"},
    {BoardActivity::kFailed, "failed"}};
constexpr std::pair<BuildResult, const char*> kBuildResults[] = {{BuildResult::kCached, "cached"},
                                                                 {BuildResult::kBuilt, "built"},
                                                                 {BuildResult::kFailed, "failed"}};

std::string StepLabel(const std::string& step) {
  static const auto& labels = *new std::map<std::string, std::string>{
      {"generate", "prepare"}, {"load", "prepare"}, {"build", "build"}, {"image", "build"},
      {"flash", "flash"},      {"boot", "boot"},    {"run", "run"},     {"check", "read"}};
  const auto label = labels.find(step);
  return label == labels.end() ? "other" : label->second;
}

std::string OutcomeLabel(v1::Measurement::Outcome outcome) {
  const std::string name = v1::Measurement::Outcome_Name(outcome);
  return absl::AsciiStrToLower(std::string(absl::StripPrefix(name, "OUTCOME_")));
}

// Without a measurement it is the task that is invalid, or we failed.
v1::Measurement::Outcome OutcomeOf(const v1::TaskResult& result) {
  if (result.outcome() == v1::TaskResult::DONE) return result.measure().measurement().outcome();
  return result.outcome() == v1::TaskResult::INVALID ? v1::Measurement::INVALID_MODEL
                                                     : v1::Measurement::AGENT_FAILED;
}

}  // namespace

class AgentMetrics::OfBoard : public BoardObserver {
 public:
  OfBoard(AgentMetrics& owner, OfLabel& label,
          std::map<std::string, prometheus::Counter*> measurements)
      : owner_(owner), label_(label), measurements_(std::move(measurements)), busy_(owner.clock_) {}

  void Turned(BoardActivity activity) override {
    if (activity == BoardActivity::kChecking || activity == BoardActivity::kMeasuring) {
      busy_.Begin();
    } else {
      busy_.End();
    }
    const MutexLock lock(mu_);
    activity_ = activity;
  }
  void StepEnded(const std::string& step, double seconds) override {
    owner_.step_seconds_.at(StepLabel(step))->Observe(seconds);
  }
  void Built(BuildResult result) override { owner_.builds_by_result_.at(result)->Increment(); }
  void Measured(const v1::TaskResult& result) override {
    const auto counter = measurements_.find(OutcomeLabel(OutcomeOf(result)));
    if (counter != measurements_.end()) counter->second->Increment();
  }
  void Checked(bool good, std::optional<double> drift) override {
    (good ? label_.good_checks : label_.failed_checks)->Increment();
    const MutexLock lock(mu_);
    if (drift.has_value()) drift_ = *drift;
  }
  void Wore(int64_t sector_erases, int64_t probe_restarts) override {
    const MutexLock lock(mu_);
    erases_ = sector_erases;
    restarts_ = probe_restarts;
  }

  struct Totals {
    int64_t erases = 0, restarts = 0;
    double busy_seconds = 0, drift = 0;
  };
  OfLabel& label() const { return label_; }
  BoardActivity activity() const {
    const MutexLock lock(mu_);
    return activity_;
  }
  void AddTo(Totals& totals) const {
    totals.busy_seconds += busy_.Seconds();
    const MutexLock lock(mu_);
    totals.erases += erases_;
    totals.restarts += restarts_;
    totals.drift = std::max(totals.drift, drift_);
  }

 private:
  AgentMetrics& owner_;
  OfLabel& label_;
  const std::map<std::string, prometheus::Counter*> measurements_;  // By outcome.
  BusyTime busy_;
  mutable Mutex mu_;
  BoardActivity activity_ ABSL_GUARDED_BY(mu_) = BoardActivity::kChecking;
  int64_t erases_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t restarts_ ABSL_GUARDED_BY(mu_) = 0;
  double drift_ ABSL_GUARDED_BY(mu_) = 0;
};

AgentMetrics::AgentMetrics(Metrics& metrics, const Clock& clock)
    : clock_(clock),
      boards_(metrics.AddGauges("agent_boards", "Boards by what they do.")),
      measurements_(metrics.AddCounters("agent_measurements_total",
                                        "Measurements that ended, by whose a failure is.")),
      steps_(metrics.AddHistograms("agent_step_seconds", "Steps of measurements.")),
      builds_(metrics.AddCounters("agent_builds_total",
                                  "Firmware images that were asked for, by where they came from.")),
      checks_(metrics.AddCounters("agent_board_checks_total",
                                  "Checks of boards with the golden model.")),
      drifts_(metrics.AddGauges("agent_golden_drift_ratio",
                                "How far the golden model's latency was, in the last check, from "
                                "that of the board's first good check: |now - first| / first.")),
      erases_(metrics.AddCounters("agent_sector_erases_total",
                                  "Flash sectors that were erased, since the board is known.")),
      restarts_(metrics.AddCounters("agent_probe_restarts_total",
                                    "Debug tools that hung and were ended.")),
      busy_seconds_(metrics.AddCounters("agent_board_busy_seconds_total",
                                        "Time in which boards were checked or measured on.")),
      board_labels_(kBoards),
      type_labels_(kBoardTypes) {
  for (const char* step : kSteps) step_seconds_[step] = &steps_.Add({{"step", step}}, kStepSeconds);
  for (const auto& [result, name] : kBuildResults) {
    builds_by_result_[result] = &builds_.Add({{"result", name}});
  }
  for (const auto& [activity, name] : kActivities) boards_.Add({{"state", name}});
  metrics.AddSource([this] { Collect(); });
}

AgentMetrics::~AgentMetrics() = default;

BoardObserver& AgentMetrics::Add(const std::string& board, const std::string& type) {
  const MutexLock lock(mu_);
  all_.push_back(std::make_unique<OfBoard>(*this, LabelOf(board_labels_.Of(board)),
                                           OutcomesOf(type_labels_.Of(type))));
  return *all_.back();
}

AgentMetrics::OfLabel& AgentMetrics::LabelOf(const std::string& board) {
  const auto [found, is_new] = labels_.try_emplace(board);
  if (!is_new) return found->second;
  const prometheus::Labels labels = {{"board", board}};
  found->second = {&checks_.Add({{"board", board}, {"result", "ok"}}),
                   &checks_.Add({{"board", board}, {"result", "failed"}}),
                   &erases_.Add(labels),
                   &restarts_.Add(labels),
                   &busy_seconds_.Add(labels),
                   &drifts_.Add(labels)};
  return found->second;
}

std::map<std::string, prometheus::Counter*> AgentMetrics::OutcomesOf(const std::string& type) {
  std::map<std::string, prometheus::Counter*> counters;
  for (int outcome = v1::Measurement::OK; outcome <= v1::Measurement::INVALID_MODEL; ++outcome) {
    const std::string label = OutcomeLabel(static_cast<v1::Measurement::Outcome>(outcome));
    counters[label] = &measurements_.Add({{"board_type", type}, {"outcome", label}});
  }
  return counters;
}

void AgentMetrics::Collect() {
  const MutexLock lock(mu_);
  std::map<BoardActivity, int> active;
  std::map<OfLabel*, OfBoard::Totals> totals;
  for (const auto& board : all_) {
    ++active[board->activity()];
    board->AddTo(totals[&board->label()]);
  }
  for (const auto& [activity, name] : kActivities) {
    boards_.Add({{"state", name}}).Set(active[activity]);
  }
  for (const auto& [label, sum] : totals) {
    RaiseTo(*label->erases, static_cast<double>(sum.erases));
    RaiseTo(*label->restarts, static_cast<double>(sum.restarts));
    RaiseTo(*label->busy_seconds, sum.busy_seconds);
    label->drift->Set(sum.drift);
  }
}

}  // namespace boardloop
