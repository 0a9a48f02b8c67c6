#include "bench/measurement_queue.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "core/presets/search_presets.h"
#include "server/search/candidate_tasks.h"
#include "server/search/names.h"
#include "server/search/search_context.h"
#include "server/search/spec.h"
#include "server/store/sqlite_store.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr int kTriesPerNetwork = 200;
constexpr int kRowsPerCommit = 1000;

v1::Candidate CandidateOf(const std::string& search, int64_t number, const DrawnNetwork& network,
                          bool again) {
  const NetworkFacts& facts = network.planned.facts;
  v1::Candidate candidate;
  candidate.set_name(CandidateName(search, number));
  candidate.set_subnet(CanonicalText(network.subnet));
  candidate.set_origin(v1::Candidate::SAMPLED);
  candidate.set_state(v1::Candidate::PENDING);
  candidate.set_macs(facts.macs);
  candidate.set_params(facts.params);
  candidate.set_planned_sram_bytes(facts.sram_bytes);
  candidate.set_flash_bytes(facts.flash_bytes);
  candidate.set_graph_digest(again ? HashBytes(candidate.name()).Hex() : facts.graph_digest);
  candidate.set_plan_digest(facts.plan_digest);
  return candidate;
}

absl::Status InsertTask(Transaction& tx, store::Task task) {
  task.set_state(store::Task::QUEUED);
  task.set_create_time_ms(absl::ToUnixMillis(absl::Now()));
  return tx.InsertTask(task).status();
}

}  // namespace

absl::StatusOr<v1::Search> BenchSearch(const std::string& name, const std::string& board_type) {
  v1::Search search;
  search.set_name(name);
  BL_ASSIGN_OR_RETURN(const v1::SearchSpec preset, SearchPreset("quick"));
  *search.mutable_spec() = WithDefaults(preset);
  search.mutable_spec()->set_board_type(board_type);
  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
  *search.mutable_limits() = EffectiveLimits(search.spec(), type);
  search.set_width_mult(preset.space_optimization().width_mults(0));
  search.set_resolution(preset.space_optimization().resolutions(0));
  search.set_state(v1::Search::RUNNING);
  search.set_stage(v1::Search::EVOLUTION);
  *search.mutable_create_time() = ToTimestamp(absl::Now());
  return search;
}

absl::StatusOr<std::vector<DrawnNetwork>> DrawNetworks(const v1::Search& search, int count,
                                                       uint64_t seed) {
  BL_ASSIGN_OR_RETURN(const BoardType type, BoardTypeOf(search.spec()));
  const PlanOptions options = PlanOptionsOf(search.spec(), search.limits(), type);
  const Space& space = search.spec().space();
  Random random(seed);
  std::set<std::string> seen;
  std::vector<DrawnNetwork> networks;
  for (int tries = 0; static_cast<int>(networks.size()) < count; ++tries) {
    if (tries == kTriesPerNetwork * count) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "%d of %d different subnets that fit after %d draws", networks.size(), count, tries));
    }
    DrawnNetwork drawn;
    drawn.subnet = SampleSubnet(space, search.width_mult(), search.resolution(), random);
    if (!seen.insert(CanonicalText(drawn.subnet)).second) continue;
    BL_ASSIGN_OR_RETURN(drawn.planned, PlanSubnet(space, drawn.subnet, options));
    const NetworkFacts& facts = drawn.planned.facts;
    if (!facts.fits_sram || facts.flash_bytes > search.limits().flash_bytes()) continue;
    networks.push_back(std::move(drawn));
  }
  return networks;
}

absl::Status FillQueue(const std::string& path, const std::string& board_type,
                       const std::vector<DrawnNetwork>& networks, int count, int searches) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, SqliteStore::Open(path, {}));
  std::vector<v1::Search> rows;
  for (int i = 0; i < searches; ++i) {
    BL_ASSIGN_OR_RETURN(v1::Search search,
                        BenchSearch(absl::StrCat("searches/bench-", i), board_type));
    BL_RETURN_IF_ERROR(store->Run([&](Transaction& tx) { return tx.PutSearch(search); }));
    rows.push_back(std::move(search));
  }
  for (int begin = 0; begin < count; begin += kRowsPerCommit) {
    const absl::Status stored = store->Run([&](Transaction& tx) -> absl::Status {
      for (int i = begin; i < std::min(count, begin + kRowsPerCommit); ++i) {
        const v1::Search& search = rows[static_cast<size_t>(i % searches)];
        const auto drawn = static_cast<size_t>(i);
        const v1::Candidate candidate =
            CandidateOf(search.name(), 1 + i / searches, networks[drawn % networks.size()],
                        drawn >= networks.size());
        BL_RETURN_IF_ERROR(tx.PutCandidate(candidate));
        BL_RETURN_IF_ERROR(InsertTask(tx, ScoreTaskOf(search, candidate)));
        BL_RETURN_IF_ERROR(InsertTask(tx, MeasureTaskOf(search, candidate)));
      }
      return absl::OkStatus();
    });
    BL_RETURN_IF_ERROR(stored);
  }
  return absl::OkStatus();
}

}  // namespace boardloop
