#include "cli/remote/search_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/remote/format.h"
#include "cli/remote/measurement_text.h"
#include "cli/remote/names.h"
#include "cli/size.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr int kShownSpaces = 5;
constexpr int kShownPercentiles[] = {5, 25, 50, 75, 95};

std::string StageOf(const v1::Search& search) {
  if (search.state() != v1::Search::RUNNING) return "-";
  return absl::StrFormat("%s %.0f %%%s", EnumText(v1::Search::Stage_Name(search.stage())),
                         search.progress().stage_fraction() * 100,
                         search.waiting_for().empty() ? "" : ", waits");
}

std::string BestTop1(const v1::Search& search) {
  const v1::SearchProgress& progress = search.progress();
  return progress.best().empty() ? "-" : Top1Text(progress.best_top1());
}

std::string BestLatency(const v1::Search& search) {
  const v1::SearchProgress& progress = search.progress();
  return progress.best_latency_ms() > 0 ? LatencyText(progress.best_latency_ms()) : "-";
}

std::string Elapsed(const v1::Search& search, absl::Time now) {
  if (!search.has_create_time()) return "";
  const absl::Time end = search.has_end_time() ? ToTime(search.end_time()) : now;
  return DurationText(end - ToTime(search.create_time()));
}

// "cifar binary /data/cifar10"
std::string DatasetText(const v1::DatasetSpec& dataset) {
  return absl::StrCat(EnumText(v1::DatasetSpec::Kind_Name(dataset.kind())), " ", dataset.path());
}

std::string MethodText(const v1::SearchSpec& spec) {
  std::vector<std::string> parts;
  if (spec.objective() == v1::OBJECTIVE_PARETO) parts.emplace_back("Pareto front");
  if (spec.objective() == v1::OBJECTIVE_ACCURACY) parts.emplace_back("best top-1");
  if (spec.measure() == v1::MEASURE_POLICY_ALL) parts.emplace_back("all are measured");
  if (spec.measure() == v1::MEASURE_POLICY_CONFIDENT_SKIP) {
    parts.emplace_back("confident predictions are not measured");
  }
  if (spec.evolution().population() > 0) {
    parts.push_back(absl::StrFormat("population %d, %d generations", spec.evolution().population(),
                                    spec.evolution().generations()));
  }
  parts.push_back(absl::StrFormat("seed %d", spec.seed()));
  return absl::StrJoin(parts, ", ");
}

std::string Survival(const v1::SpaceResult& space) {
  if (space.sampled() == 0) return "-";
  return FormatShare(static_cast<double>(space.survivors()) / space.sampled());
}

std::string MegaMacs(const v1::SpaceResult& space) {
  if (space.survivors() == 0) return "-";
  return absl::StrFormat("%s ± %s", FormatCount(space.mean_macs()),
                         FormatCount(space.mean_macs_ci95()));
}

// Where the values of random networks lie: which limit would refuse how many.
template <typename Quantiles, typename Format>
void AddQuantiles(const Quantiles& quantiles, Format format, std::vector<std::string>* row) {
  for (const int percent : kShownPercentiles) {
    const int index = percent * (quantiles.size() - 1) / 100;
    row->push_back(quantiles.empty() ? "-" : format(quantiles[index]));
  }
}

void AppendLimitShares(const v1::Limits& limits, const v1::LimitShares& shares, std::string* text) {
  const auto refused = [&](int32_t count) {
    return FormatShare(static_cast<double>(count) / std::max(shares.sampled(), 1));
  };
  std::vector<Column> columns = {{"limit", Align::kLeft}, {"at most"}, {"refuses"}};
  for (const int percent : kShownPercentiles)
    columns.push_back({absl::StrFormat("%d %%", percent)});
  Table table(columns);
  std::vector<std::string> sram = {"SRAM", FormatKb(limits.sram_bytes()),
                                   refused(shares.over_sram())};
  AddQuantiles(shares.sram_bytes_quantiles(), FormatKb, &sram);
  table.AddRow(sram);
  std::vector<std::string> flash = {"flash", FormatKb(limits.flash_bytes()),
                                    refused(shares.over_flash())};
  AddQuantiles(shares.flash_bytes_quantiles(), FormatKb, &flash);
  table.AddRow(flash);
  std::vector<std::string> latency = {
      "latency", limits.latency_ms() > 0 ? LatencyText(limits.latency_ms()) : "-",
      shares.has_over_latency() ? refused(shares.over_latency()) : "-"};
  AddQuantiles(shares.latency_ms_quantiles(), LatencyText, &latency);
  table.AddRow(latency);
  std::vector<std::string> any = {"one or more", "", refused(shares.over_any())};
  any.resize(columns.size());
  table.AddRow(any);
  absl::StrAppendFormat(
      text,
      "\nOf %s random networks, width %g at resolution %d, so many are over each limit; of "
      "all, so many %% are at most as large:\n%s",
      FormatInteger(shares.sampled()), shares.width_mult(), shares.resolution(), table.Text());
}

void AppendDeliverables(const v1::Search& search, std::string* text) {
  if (search.deliverables().empty()) return;
  Table table({{"file", Align::kLeft}, {"size"}, {"artifact", Align::kLeft}});
  for (const v1::Deliverable& file : search.deliverables()) {
    table.AddRow({file.file_name(), FileSizeText(file.size_bytes()), file.artifact()});
  }
  absl::StrAppend(text, "\n", table.Text());
}

}  // namespace

Table SearchesTable(const Searches& searches, absl::Time now) {
  Table table({{"name", Align::kLeft},
               {"state", Align::kLeft},
               {"stage", Align::kLeft},
               {"board type", Align::kLeft},
               {"top-1"},
               {"latency"},
               {"created"},
               {"title", Align::kLeft}});
  for (const v1::Search& search : searches) {
    table.AddRow({LastPart(search.name()), v1::Search::State_Name(search.state()), StageOf(search),
                  search.spec().board_type(), BestTop1(search), BestLatency(search),
                  AgoText(search.create_time(), now), search.display_name()});
  }
  return table;
}

Table CandidatesTable(const Candidates& candidates, bool states) {
  std::vector<Column> columns = {{"candidate"}, {"top-1"}, {"latency"}, {"SRAM"},
                                 {"flash"},     {"MACs"},  {"params"}};
  if (states) columns.push_back({"state", Align::kLeft});
  columns.push_back({states ? "reason" : "subnet", Align::kLeft});
  Table table(columns);
  for (const v1::Candidate& candidate : candidates) {
    std::vector<std::string> row = {LastPart(candidate.name()),
                                    Top1Of(candidate),
                                    LatencyOf(candidate),
                                    FormatKb(candidate.planned_sram_bytes()),
                                    FormatKb(candidate.flash_bytes()),
                                    FormatCount(static_cast<double>(candidate.macs())),
                                    FormatCount(static_cast<double>(candidate.params()))};
    if (states) row.push_back(v1::Candidate::State_Name(candidate.state()));
    row.push_back(states ? candidate.reason() : candidate.subnet());
    table.AddRow(row);
  }
  return table;
}

std::string SpacesText(const v1::Search& search, int rows) {
  std::vector<const v1::SpaceResult*> spaces;
  for (const v1::SpaceResult& space : search.spaces()) spaces.push_back(&space);
  if (spaces.empty()) return "";
  std::stable_sort(spaces.begin(), spaces.end(), [](const auto* a, const auto* b) {
    const auto key = [](const v1::SpaceResult& s) { return s.rank() > 0 ? s.rank() : 1 << 30; };
    return key(*a) < key(*b);
  });
  Table table({{"rank"}, {"width"}, {"resolution"}, {"fit"}, {"MACs of those that fit"}});
  if (rows > 0) spaces.resize(std::min(spaces.size(), static_cast<size_t>(rows)));
  for (const v1::SpaceResult* space : spaces) {
    table.AddRow({space->rank() > 0 ? absl::StrCat(space->rank()) : "-",
                  absl::StrFormat("%g", space->width_mult()), absl::StrCat(space->resolution()),
                  Survival(*space), MegaMacs(*space)});
  }
  return table.Text();
}

std::string LimitSharesText(const v1::Search& search) {
  std::string text;
  for (const v1::LimitShares& shares : search.limit_shares()) {
    AppendLimitShares(search.limits(), shares, &text);
  }
  if (search.limit_shares().empty()) return text;
  const v1::LimitShares& first = search.limit_shares(0);
  if (!first.has_over_latency()) {
    absl::StrAppend(&text, "Latencies are not known before a search has measured networks on ",
                    search.spec().board_type(), ".\n");
    return text;
  }
  absl::StrAppendFormat(&text, "Latencies are predicted from %s networks measured on %s",
                        FormatInteger(first.measured_networks()), search.spec().board_type());
  if (first.has_latency_error()) {
    absl::StrAppendFormat(&text, ", off by %s on average for others",
                          FormatShare(first.latency_error()));
  }
  return absl::StrCat(text, ".\n");
}

std::string CandidateCounts(const v1::SearchProgress& progress) {
  std::string text = absl::StrFormat(
      "%s: %s scored, %s measured", FormatInteger(progress.candidates()),
      FormatInteger(progress.candidates_scored()), FormatInteger(progress.candidates_measured()));
  if (progress.candidates_cached() > 0) {
    absl::StrAppend(&text, " (", FormatInteger(progress.candidates_cached()), " from the cache)");
  }
  const auto add = [&](int64_t count, const char* what) {
    if (count > 0) absl::StrAppend(&text, ", ", FormatInteger(count), " ", what);
  };
  add(progress.candidates_infeasible(), "infeasible");
  add(progress.candidates_failed(), "failed");
  return text;
}

std::string BestText(const v1::SearchProgress& progress) {
  if (progress.best().empty()) return "";
  std::string text = absl::StrFormat("candidate %s: top-1 %s", LastPart(progress.best()),
                                     Top1Text(progress.best_top1()));
  if (progress.best_latency_ms() > 0) {
    absl::StrAppend(&text, ", ", LatencyText(progress.best_latency_ms()));
  }
  return text;
}

std::string LimitsText(const v1::Limits& limits) {
  std::vector<std::string> parts;
  if (limits.sram_bytes() > 0) parts.push_back("SRAM " + FormatKb(limits.sram_bytes()));
  if (limits.flash_bytes() > 0) parts.push_back("flash " + FormatKb(limits.flash_bytes()));
  if (limits.latency_ms() > 0) parts.push_back(LatencyText(limits.latency_ms()));
  return absl::StrJoin(parts, ", ");
}

std::string SearchText(const v1::Search& search, absl::Time now) {
  std::string text;
  AppendField("name", search.name(), &text);
  AppendField("title", search.display_name(), &text);
  AppendField("state", v1::Search::State_Name(search.state()), &text);
  if (search.state() == v1::Search::RUNNING) AppendField("stage", StageOf(search), &text);
  AppendField("message", search.message(), &text);
  AppendField("waiting for", search.waiting_for(), &text);
  AppendField("created", DateText(search.create_time()), &text);
  AppendField("took", Elapsed(search, now), &text);
  AppendField("board type", search.spec().board_type(), &text);
  AppendField("data set", DatasetText(search.spec().dataset()), &text);
  AppendField("space", search.spec().space().name(), &text);
  if (search.resolution() > 0) {
    AppendField(
        "chosen",
        absl::StrFormat("width %g, resolution %d", search.width_mult(), search.resolution()),
        &text);
  }
  AppendField("limits", LimitsText(search.limits()), &text);
  AppendField("method", MethodText(search.spec()), &text);
  AppendField("supernet", search.supernet(), &text);
  if (search.progress().candidates() > 0) {
    AppendField("candidates", CandidateCounts(search.progress()), &text);
  }
  AppendField("best", BestText(search.progress()), &text);
  AppendField("winner", search.winner(), &text);
  const std::string spaces = SpacesText(search, kShownSpaces);
  if (!spaces.empty()) absl::StrAppend(&text, "\n", spaces);
  AppendDeliverables(search, &text);
  return text;
}

std::string CandidateText(const v1::Candidate& candidate) {
  std::string text;
  AppendField("name", candidate.name(), &text);
  AppendField("state", v1::Candidate::State_Name(candidate.state()), &text);
  AppendField("reason", candidate.reason(), &text);
  AppendField("subnet", candidate.subnet(), &text);
  AppendField("made",
              absl::StrFormat("%s in generation %d",
                              EnumText(v1::Candidate::Origin_Name(candidate.origin())),
                              candidate.generation()),
              &text);
  AppendField("parents", absl::StrJoin(candidate.parents(), ", "), &text);
  AppendField("top-1", Top1Of(candidate), &text);
  AppendField("latency", LatencyOf(candidate), &text);
  if (candidate.has_latency_ms() && candidate.has_predicted_latency_ms()) {
    AppendField("predicted", LatencyText(candidate.predicted_latency_ms()), &text);
  }
  AppendField("SRAM", FormatKb(candidate.planned_sram_bytes()) + " planned", &text);
  AppendField("flash", FormatKb(candidate.flash_bytes()), &text);
  AppendField("MACs", FormatInteger(candidate.macs()), &text);
  AppendField("params", FormatInteger(candidate.params()), &text);
  if (candidate.has_measurement()) {
    absl::StrAppend(&text, "\nmeasured", candidate.from_cache() ? " (from the cache)" : "", "\n",
                    MeasurementText(candidate.measurement()));
  }
  return text;
}

std::string EventText(const v1::Event& event, const std::string& subject) {
  std::string line = absl::StrFormat("%s  %s", ClockText(event.time()), event.kind());
  if (event.subject() != subject) absl::StrAppend(&line, "  ", event.subject());
  if (!event.text().empty()) {
    absl::StrAppend(&line, event.subject() != subject ? ": " : "  ", event.text());
  }
  return Printable(line);
}

}  // namespace boardloop
