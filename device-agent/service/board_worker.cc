#include "device-agent/service/board_worker.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "device-agent/measure/self_check.h"
#include "device-agent/service/build_digest.h"

namespace boardloop {
namespace {

// What is wrong with a board by its check; empty: nothing.
std::string Verdict(const std::vector<CheckItem>& items) {
  std::string text;
  for (const CheckItem& item : items) {
    if (item.verdict != CheckItem::Verdict::kBad) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", item.name, ": ", item.text);
  }
  return text;
}

}  // namespace

BoardWorker::BoardWorker(Options options, ArtifactAccess artifacts, Callbacks callbacks)
    : name_(absl::StrCat("boards/", options.name_prefix, options.bench.name)),
      options_(std::move(options)),
      artifacts_(std::move(artifacts)),
      callbacks_(std::move(callbacks)),
      observer_(options_.observer != nullptr ? *options_.observer : nobody_),
      preparer_(options_.type, options_.builder) {
  report_.set_name(name_);
  report_.set_board_type(options_.bench.type);
  preparation_thread_ = std::thread([this] { RunPreparation(); });
  board_thread_ = std::thread([this] { RunBoard(); });
}

BoardWorker::~BoardWorker() {
  Stop();
  preparation_thread_.join();
  board_thread_.join();
}

void BoardWorker::Add(const v1::Grant& grant) { queue_.Add(grant); }

void BoardWorker::GiveUp(const std::string& task, int64_t epoch) { queue_.GiveUp(task, epoch); }

void BoardWorker::Check(int64_t check) { queue_.Check(check); }

void BoardWorker::Stop() { queue_.Stop(); }

v1::BoardReport BoardWorker::Report() const {
  MutexLock lock(mu_);
  return report_;
}

StepObserver BoardWorker::ObserverOf(const v1::Grant& grant) const {
  return [this, task = grant.task(), epoch = grant.epoch()](const std::string& step,
                                                            std::optional<double> seconds) {
    if (seconds.has_value()) {
      observer_.StepEnded(step, *seconds);
    } else {
      callbacks_.step(task, epoch, step);
    }
  };
}

// ---- The thread that prepares.

void BoardWorker::RunPreparation() {
  while (const std::optional<v1::Grant> grant = queue_.AwaitGrant()) {
    PreparedTask prepared =
        PrepareMeasureTask(grant->payload().measure(), preparer_, artifacts_, ObserverOf(*grant));
    CountBuild(prepared);
    callbacks_.step(grant->task(), grant->epoch(), kPrepared);  // Before the board's first step.
    queue_.PutPrepared(std::move(prepared));
  }
}

// Of the image that a task is measured with, if it came to that.
void BoardWorker::CountBuild(const PreparedTask& prepared) const {
  if (prepared.failure.has_value()) return;
  const Measurement& measurement = prepared.measurement.measurement;
  const auto has_step = [&](const char* step) {
    return std::any_of(measurement.seconds.begin(), measurement.seconds.end(),
                       [&](const auto& entry) { return entry.first == step; });
  };
  if (!has_step("build") && !has_step("image")) return;
  if (prepared.measurement.image == nullptr) {
    observer_.Built(BuildResult::kFailed);
  } else {
    // The resident image was counted when the board was opened: a task finds it built.
    const bool built = has_step("build") && !prepared.measurement.image->from_cache;
    observer_.Built(built ? BuildResult::kBuilt : BuildResult::kCached);
  }
}

// ---- The board's thread.

void BoardWorker::RunBoard() {
  OpenBoard();
  while (const std::optional<BoardWork> work = queue_.AwaitWork()) {
    if (work->check != 0) {
      RunCheck(work->check);
    } else {
      RunTask(*work);
    }
  }
  // On the thread that opened it: the board's processes end with that thread.
  board_.reset();
}

// On failure the report says why, and each check tries again.
void BoardWorker::OpenBoard() {
  board_.reset();
  absl::StatusOr<std::unique_ptr<Board>> board = Board::Open(options_.bench, options_.board);
  if (board.ok()) {
    board_ = *std::move(board);
    const absl::StatusOr<std::string> digest = BuildDigest(preparer_);
    if (digest.ok()) build_digest_ = *digest;
    CountResidentBuild(digest.ok());
    if (!digest.ok()) {
      MutexLock lock(mu_);
      report_.set_unusable(std::string(digest.status().message()));
    }
  } else {
    callbacks_.log(absl::StrCat(name_, ": ", std::string(board.status().message())));
    MutexLock lock(mu_);
    report_.set_unusable(std::string(board.status().message()));
  }
  UpdateReport();
}

void BoardWorker::CountResidentBuild(bool built) {
  if (!built) {
    observer_.Built(BuildResult::kFailed);
  } else if (const auto image = preparer_.Resident(); image.ok()) {  // It is there.
    observer_.Built((*image)->from_cache ? BuildResult::kCached : BuildResult::kBuilt);
  }
}

void BoardWorker::UpdateReport() {
  if (board_ != nullptr) {
    observer_.Wore(board_->state().sector_erases(), board_->probe_restarts());
  }
  {
    MutexLock lock(mu_);
    if (board_ != nullptr) {
      const BoardState& state = board_->state();
      report_.set_unusable(state.wedged());
      report_.set_sector_erases(state.sector_erases());
      report_.set_build_digest(build_digest_);
      report_.set_virtual_(board_->type().support->is_virtual);
      report_.set_unique_id(board_->identity().unique_id);
    }
  }
  callbacks_.changed();
}

void BoardWorker::RunCheck(int64_t check) {
  observer_.Turned(BoardActivity::kChecking);
  if (board_ == nullptr || build_digest_.empty()) OpenBoard();
  std::string verdict;
  std::optional<double> drift;
  if (board_ == nullptr) {
    verdict = Report().unusable();
  } else {
    // An operator who returns a wedged board wants it tried.
    const absl::Status cleared = board_->state().ClearWedged();
    if (cleared.ok()) {
      const BoardCheck result = CheckBoard(*board_, options_.builder, IgnoreSteps);
      verdict = Verdict(result.items);
      drift = result.golden_drift;
    } else {
      verdict = std::string(cleared.message());
    }
  }
  checked_ = verdict.empty();
  observer_.Checked(checked_, drift);
  callbacks_.log(absl::StrCat(name_, verdict.empty() ? ": checked" : ": check failed: ", verdict));
  {
    MutexLock lock(mu_);
    report_.set_check(check);
    report_.set_check_message(verdict);
    if (drift.has_value()) report_.set_golden_drift(*drift);
    if (board_ != nullptr && verdict.empty()) report_.set_probe(board_->probe().ToolVersion());
  }
  UpdateReport();
  Rest();
}

void BoardWorker::RunTask(const BoardWork& work) {
  observer_.Turned(BoardActivity::kMeasuring);
  v1::TaskResult result;
  if (board_ == nullptr) {
    result.set_outcome(v1::TaskResult::MEMBER_FAILED);
    result.set_message(Report().unusable());
  } else {
    result = RunPreparedTask(work.prepared, name_, *board_, artifacts_, ObserverOf(work.grant));
  }
  UpdateReport();
  observer_.Measured(result);
  Rest();
  callbacks_.finish(work.grant.task(), work.grant.epoch(), std::move(result));
}

// Until there is work.
void BoardWorker::Rest() {
  const bool fit = checked_ && Report().unusable().empty();
  observer_.Turned(fit ? BoardActivity::kIdle : BoardActivity::kFailed);
}

}  // namespace boardloop
