#include "device-agent/service/board_worker.h"

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
      callbacks_(std::move(callbacks)) {
  report_.set_name(name_);
  report_.set_board_type(options_.bench.type);
  thread_ = std::thread([this] { Run(); });
}

BoardWorker::~BoardWorker() {
  {
    MutexLock lock(mu_);
    stop_ = true;
  }
  thread_.join();
}

void BoardWorker::Add(const v1::Grant& grant) {
  MutexLock lock(mu_);
  grants_.push_back(grant);
}

void BoardWorker::GiveUp(const std::string& task, int64_t epoch) {
  MutexLock lock(mu_);
  for (auto grant = grants_.begin(); grant != grants_.end(); ++grant) {
    if (grant->task() != task || grant->epoch() != epoch) continue;
    grants_.erase(grant);
    return;
  }
}

void BoardWorker::Check(int64_t check) {
  MutexLock lock(mu_);
  wanted_check_ = check;
}

v1::BoardReport BoardWorker::Report() const {
  MutexLock lock(mu_);
  return report_;
}

bool BoardWorker::HasWork() const {
  return stop_ || !grants_.empty() || wanted_check_ != report_.check();
}

void BoardWorker::Run() {
  OpenBoard();
  while (true) {
    int64_t check = 0;
    v1::Grant grant;
    {
      MutexLock lock(mu_);
      mu_.Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return HasWork(); });
      if (stop_) break;
      if (wanted_check_ != report_.check()) {
        check = wanted_check_;
      } else {
        grant = grants_.front();
        grants_.pop_front();
      }
    }
    if (check != 0) {
      RunCheck(check);
    } else {
      RunTask(grant);
    }
  }
  // On the thread that opened it: the board's processes end with that thread.
  measurer_.reset();
  board_.reset();
}

// On failure the report says why, and each check tries again.
void BoardWorker::OpenBoard() {
  measurer_.reset();
  board_.reset();
  absl::StatusOr<std::unique_ptr<Board>> board = Board::Open(options_.bench, options_.board);
  if (board.ok()) {
    board_ = *std::move(board);
    measurer_ = std::make_unique<Measurer>(*board_, options_.builder,
                                           [](const std::string&, std::optional<double>) {});
    const absl::StatusOr<std::string> digest = BuildDigest(board_->type(), options_.builder);
    if (digest.ok()) build_digest_ = *digest;
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

void BoardWorker::UpdateReport() {
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
  if (board_ == nullptr || build_digest_.empty()) OpenBoard();
  std::string verdict;
  if (board_ == nullptr) {
    verdict = Report().unusable();
  } else {
    // An operator who returns a wedged board wants it tried.
    const absl::Status cleared = board_->state().ClearWedged();
    verdict = cleared.ok() ? Verdict(CheckBoard(*board_, options_.builder,
                                                [](const std::string&, std::optional<double>) {}))
                           : std::string(cleared.message());
  }
  callbacks_.log(absl::StrCat(name_, verdict.empty() ? ": checked" : ": check failed: ", verdict));
  {
    MutexLock lock(mu_);
    report_.set_check(check);
    report_.set_check_message(verdict);
    if (board_ != nullptr && verdict.empty()) report_.set_probe(board_->probe().ToolVersion());
  }
  UpdateReport();
}

void BoardWorker::RunTask(const v1::Grant& grant) {
  v1::TaskResult result;
  if (board_ == nullptr) {
    result.set_outcome(v1::TaskResult::MEMBER_FAILED);
    result.set_message(Report().unusable());
  } else {
    result =
        RunMeasureTask(grant.payload().measure(), name_, *measurer_, board_->type(), artifacts_);
  }
  UpdateReport();
  callbacks_.finish(grant.task(), grant.epoch(), std::move(result));
}

}  // namespace boardloop
