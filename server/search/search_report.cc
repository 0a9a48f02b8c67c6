#include "server/search/search_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/search/candidate_tasks.h"
#include "server/search/latency_samples.h"
#include "server/search/limit_shares.h"
#include "server/search/names.h"
#include "server/store/timestamps.h"

namespace boardloop {
namespace {

constexpr int32_t kEventsAtOnce = 1000;

absl::StatusOr<std::vector<store::Task>> TasksOf(const SearchContext& context,
                                                 const std::string& owner, int64_t candidate) {
  std::vector<store::Task> tasks;
  const absl::Status read = context.store.Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.owner = owner;
    query.candidate = candidate;
    query.state = store::Task::DONE;
    BL_ASSIGN_OR_RETURN(tasks, tx.ListTasks(query));
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  return tasks;
}

// From the events that begin stages.
absl::StatusOr<std::vector<StageSeconds>> SecondsOf(const SearchContext& context,
                                                    const v1::Search& search) {
  std::vector<absl::Time> begins = {FromTimestamp(search.create_time())};
  const absl::Status read = context.store.Read([&](Transaction& tx) -> absl::Status {
    Page page;
    page.limit = kEventsAtOnce;
    while (true) {
      BL_ASSIGN_OR_RETURN(const std::vector<v1::Event> events, tx.ListEvents(search.name(), page));
      if (events.empty()) return absl::OkStatus();
      page.after = events.back().sequence();
      for (const v1::Event& event : events) {
        if (event.kind() == "STAGE_BEGAN") begins.push_back(FromTimestamp(event.time()));
      }
    }
  });
  BL_RETURN_IF_ERROR(read);
  begins.push_back(context.clock.Now());
  std::vector<StageSeconds> seconds;
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    const auto stage = static_cast<v1::Search::Stage>(v1::Search::SPACE_OPTIMIZATION + i);
    seconds.push_back(
        {v1::Search::Stage_Name(stage), absl::ToDoubleSeconds(begins[i + 1] - begins[i])});
  }
  return seconds;
}

PredictorStatistics StatisticsOf(const std::optional<LatencyPredictor>& predictor,
                                 size_t measurements, const SearchView& view) {
  PredictorStatistics statistics;
  statistics.measurements = static_cast<int64_t>(measurements);
  if (measurements >= 2) statistics.error_percent = 100 * predictor->error().mape;
  for (const v1::Candidate& candidate : view.candidates) {
    if (!candidate.has_latency_ms() || !candidate.has_predicted_latency_ms()) continue;
    statistics.pairs.push_back(
        {candidate.name(), candidate.predicted_latency_ms(), candidate.latency_ms()});
  }
  return statistics;
}

// What can be said of latencies when the search is over: how well they were predicted, and which share of random networks the limits
// refuse.
absl::Status AddPredictions(const SearchContext& context, const Space& space,
                            const PlanOptions& plan, const SearchView& view, SearchReport& report) {
  BL_ASSIGN_OR_RETURN(const std::vector<LatencySample> samples,
                      LatencySamples(space, plan, view.candidates));
  std::optional<LatencyPredictor> predictor;
  if (!samples.empty()) {
    BL_ASSIGN_OR_RETURN(predictor, LatencyPredictor::Fit(samples));
  }
  report.predictor = StatisticsOf(predictor, samples.size(), view);
  const v1::Search& search = view.search;
  BL_ASSIGN_OR_RETURN(
      report.limit_shares,
      CountLimitShares(context, search, space, {search.width_mult(), search.resolution()},
                       report.board, predictor.has_value() ? &*predictor : nullptr));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WinnerOutputs> ReadWinner(const SearchContext& context, const SearchView& view) {
  const v1::Search& search = view.search;
  BL_ASSIGN_OR_RETURN(const std::vector<store::Task> tasks,
                      TasksOf(context, search.name(), CandidateNumber(search.winner())));
  WinnerOutputs winner;
  for (const store::Task& task : tasks) {
    if (task.kind() == store::Task::SPECIALIZE) {
      winner.specialized = task.result().specialize();
      winner.members["worker"] = task.holder();
    }
    if (IsVerification(task)) {
      winner.measured = task.result().measure();
      winner.members["agent"] = task.holder();
      winner.members["board"] = task.board();
    }
  }
  if (winner.specialized.model_blm().empty() || !winner.measured.has_measurement()) {
    return absl::InternalError(absl::StrCat(search.name(), " has the winner \"", search.winner(),
                                            "\", which was not specialized and verified"));
  }
  return winner;
}

absl::StatusOr<SearchReport> MakeReport(const SearchContext& context, const SearchView& view,
                                        const WinnerOutputs& winner) {
  const v1::Search& search = view.search;
  SearchReport report;
  report.search = search;
  report.candidates = view.candidates;
  report.specialized = winner.specialized;
  report.image = winner.measured.measurement();
  BL_ASSIGN_OR_RETURN(report.board, BoardTypeOf(search.spec()));
  BL_ASSIGN_OR_RETURN(const v1::CheckpointHeader header, SupernetOf(context, search.supernet()));
  const PlanOptions plan = PlanOptionsOf(search.spec(), search.limits(), report.board);
  const auto number = static_cast<size_t>(CandidateNumber(search.winner()));
  const v1::Candidate& candidate = view.candidates.at(number - 1);
  if (candidate.has_measurement()) report.resident = candidate.measurement();
  BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(candidate.subnet()));
  BL_ASSIGN_OR_RETURN(report.network, PlanSubnet(header.supernet().space(), subnet, plan));
  BL_RETURN_IF_ERROR(AddPredictions(context, header.supernet().space(), plan, view, report));
  BL_ASSIGN_OR_RETURN(report.seconds, SecondsOf(context, search));
  report.versions["coordinator"] = BOARDLOOP_VERSION;
  const auto& provenance = report.image->provenance();
  const auto agent = provenance.find("agent_version");
  if (agent != provenance.end()) report.versions["agent"] = agent->second;
  for (const auto& [role, name] : winner.members) report.provenance[role] = name;
  report.provenance["super-network"] = search.supernet();
  report.provenance["data set"] = search.spec().dataset().path();
  return report;
}

}  // namespace boardloop
