#include "tests/server/store/dump_store.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr Page kAll = {0, std::numeric_limits<int32_t>::max()};

template <typename Row>
void Add(const std::vector<Row>& rows, std::string* dump) {
  for (const Row& row : rows) absl::StrAppend(dump, row.ShortDebugString(), "\n");
}

template <typename Row>
void Add(const std::vector<Listed<Row>>& rows, std::string* dump) {
  for (const Listed<Row>& row : rows) {
    absl::StrAppend(dump, row.position, " ", row.row.ShortDebugString(), "\n");
  }
}

absl::Status DumpSearches(Transaction& tx, std::string* dump) {
  BL_ASSIGN_OR_RETURN(auto searches, tx.ListSearches(std::nullopt, kAll));
  Add(searches, dump);
  for (const Listed<v1::Search>& search : searches) {
    BL_ASSIGN_OR_RETURN(auto candidates, tx.ListCandidates(search.row.name(), std::nullopt, kAll));
    Add(candidates, dump);
    BL_ASSIGN_OR_RETURN(auto events, tx.ListEvents(search.row.name(), kAll));
    Add(events, dump);
  }
  BL_ASSIGN_OR_RETURN(auto events, tx.ListEvents("", kAll));
  Add(events, dump);
  return absl::OkStatus();
}

absl::Status DumpTasks(Transaction& tx, std::string* dump) {
  BL_ASSIGN_OR_RETURN(auto tasks, tx.ListTasks({}));
  Add(tasks, dump);
  for (const store::Task& task : tasks) {
    BL_ASSIGN_OR_RETURN(auto late, tx.ListLateResults(task.id()));
    Add(late, dump);
    BL_ASSIGN_OR_RETURN(auto owners, tx.QueuedOwners(task.kind(), task.requirement()));
    for (const QueuedOwner& owner : owners) {
      absl::StrAppend(dump, owner.owner, " ", owner.priority, " ", owner.oldest_id, " ",
                      owner.queued, " ", owner.running, " ", owner.oldest_time_ms, "\n");
    }
  }
  BL_ASSIGN_OR_RETURN(const int64_t count, tx.CountTasks({}));
  absl::StrAppend(dump, count, " tasks\n");
  return absl::OkStatus();
}

absl::Status DumpOthers(Transaction& tx, std::string* dump) {
  BL_ASSIGN_OR_RETURN(auto boards, tx.ListBoards());
  Add(boards, dump);
  BL_ASSIGN_OR_RETURN(auto members, tx.ListMembers());
  Add(members, dump);
  BL_ASSIGN_OR_RETURN(auto measurements, tx.ListMeasurements(kAll));
  Add(measurements, dump);
  BL_ASSIGN_OR_RETURN(auto cached, tx.ListCached("virtual-stm32f405", kAll.limit));
  Add(cached, dump);
  BL_ASSIGN_OR_RETURN(const auto predictor, tx.GetPredictor("virtual-stm32f405"));
  if (predictor.has_value()) Add(std::vector<store::Predictor>{*predictor}, dump);
  BL_ASSIGN_OR_RETURN(auto tokens, tx.ListTokens());
  Add(tokens, dump);
  BL_ASSIGN_OR_RETURN(auto identities, tx.ListIdentities());
  Add(identities, dump);
  BL_ASSIGN_OR_RETURN(auto artifacts,
                      tx.UnreferencedArtifacts(std::numeric_limits<int64_t>::max()));
  Add(artifacts, dump);
  BL_ASSIGN_OR_RETURN(const int64_t bytes, tx.ArtifactBytes());
  absl::StrAppend(dump, bytes, " B of artifacts\n");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> DumpStore(Store& store) {
  std::string dump;
  const absl::Status status = store.Read([&](Transaction& tx) {
    BL_RETURN_IF_ERROR(DumpSearches(tx, &dump));
    BL_RETURN_IF_ERROR(DumpTasks(tx, &dump));
    return DumpOthers(tx, &dump);
  });
  if (!status.ok()) return status;
  return dump;
}

}  // namespace boardloop
