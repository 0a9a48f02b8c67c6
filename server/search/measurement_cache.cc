#include "server/search/measurement_cache.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "server/scheduler/board_rules.h"

namespace boardloop {

std::string CacheKey(const std::string& graph_digest, const std::string& plan_digest,
                     const std::string& build_digest) {
  return HashBytes(absl::StrCat(graph_digest, " ", plan_digest, " ", build_digest)).Hex();
}

absl::StatusOr<std::string> CommonBuildDigest(Transaction& tx, const std::string& board_type) {
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
  std::set<std::string> digests;
  for (const v1::Board& board : boards) {
    if (board.board_type() == board_type && InService(board)) digests.insert(board.build_digest());
  }
  return digests.size() == 1 ? *digests.begin() : "";
}

absl::StatusOr<std::optional<v1::Measurement>> FindMeasurement(Transaction& tx,
                                                               const v1::Candidate& candidate,
                                                               const std::string& build_digest) {
  if (build_digest.empty()) return std::nullopt;
  BL_ASSIGN_OR_RETURN(
      std::optional<store::CachedMeasurement> cached,
      tx.GetCached(CacheKey(candidate.graph_digest(), candidate.plan_digest(), build_digest)));
  if (!cached.has_value()) return std::nullopt;
  return std::move(*cached->mutable_measurement());
}

absl::Status KeepMeasurement(Transaction& tx, const store::Task& task,
                             const v1::Candidate& candidate, int64_t now_ms) {
  const v1::Measurement& measurement = task.result().measure().measurement();
  if (measurement.outcome() != v1::Measurement::OK &&
      measurement.outcome() != v1::Measurement::OUTCOME_INFEASIBLE) {
    return absl::OkStatus();
  }
  BL_ASSIGN_OR_RETURN(const std::optional<v1::Board> board, tx.GetBoard(task.board()));
  if (!board.has_value() || board->build_digest().empty()) return absl::OkStatus();
  store::CachedMeasurement cached;
  cached.set_key(
      CacheKey(candidate.graph_digest(), candidate.plan_digest(), board->build_digest()));
  cached.set_board_type(board->board_type());
  cached.set_time_ms(now_ms);
  *cached.mutable_measurement() = measurement;
  return tx.PutCached(cached);
}

}  // namespace boardloop
