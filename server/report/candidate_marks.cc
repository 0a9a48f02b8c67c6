#include "server/report/candidate_marks.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "core/base/numbers.h"
#include "nlohmann/json.hpp"
#include "server/report/svg.h"

namespace boardloop::report {
namespace {

void AddLine(const std::string& line, std::string* text) { absl::StrAppend(text, "\n", line); }

std::string StateText(const v1::Candidate& candidate) {
  switch (candidate.state()) {
    case v1::Candidate::FEASIBLE:
      return "feasible";
    case v1::Candidate::INFEASIBLE:
      return "infeasible";
    case v1::Candidate::FAILED:
      return "failed";
    default:
      return "pending";
  }
}

void AddFigures(const v1::Candidate& candidate, const Facts& facts, std::string* text) {
  if (candidate.has_top1()) {
    AddLine(absl::StrFormat("top-1 %.2f%% (validation)", candidate.top1() * 100), text);
  }
  if (candidate.has_latency_ms()) {
    AddLine(absl::StrCat("latency ", FormatDecimal(candidate.latency_ms(), 2), " ms",
                         facts.timing == "MODELLED" ? " (modelled)" : ""),
            text);
  }
  if (candidate.has_predicted_latency_ms()) {
    AddLine(absl::StrCat("predicted ", FormatDecimal(candidate.predicted_latency_ms(), 2), " ms"),
            text);
  }
  if (candidate.planned_sram_bytes() > 0) {
    AddLine("SRAM " + FormatKb(candidate.planned_sram_bytes()), text);
  }
  if (candidate.flash_bytes() > 0) AddLine("flash " + FormatKb(candidate.flash_bytes()), text);
  if (candidate.macs() > 0) AddLine(FormatInteger(candidate.macs()) + " MACs", text);
  if (candidate.params() > 0) AddLine(FormatInteger(candidate.params()) + " parameters", text);
}

}  // namespace

std::vector<DrawnCandidate> ChooseDrawn(const SearchReport& report, const Facts& facts,
                                        size_t most) {
  const std::vector<v1::Candidate>& all = report.candidates;
  const std::set<const v1::Candidate*> front(facts.front.begin(), facts.front.end());
  const size_t stride = all.size() <= most ? 1 : (all.size() + most - 1) / most;
  std::vector<DrawnCandidate> drawn;
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % stride == 0 || &all[i] == facts.winner || front.count(&all[i]) > 0) {
      drawn.push_back({&all[i], i + 1});
    }
  }
  return drawn;
}

std::string DrawnNote(const SearchReport& report, const std::vector<DrawnCandidate>& drawn) {
  if (drawn.size() == report.candidates.size()) return "";
  return absl::StrFormat(
      " Of %s candidates %s are drawn: the winner, the front, and an even sample.",
      FormatInteger(static_cast<int64_t>(report.candidates.size())),
      FormatInteger(static_cast<int64_t>(drawn.size())));
}

std::string CandidateMark(size_t number) { return Attribute("data-c", absl::StrCat(number)); }

std::string CandidateText(const v1::Candidate& candidate, const Facts& facts) {
  std::string text = absl::StrCat("Candidate ", LastPart(candidate.name()), ", generation ",
                                  candidate.generation(), ", ", StateText(candidate));
  if (&candidate == facts.winner) text += ", winner";
  AddFigures(candidate, facts, &text);
  if (!candidate.subnet().empty()) AddLine(candidate.subnet(), &text);
  if (!candidate.reason().empty()) AddLine(candidate.reason(), &text);
  return text;
}

std::string CandidateTexts(const std::vector<DrawnCandidate>& drawn, const Facts& facts) {
  nlohmann::ordered_json texts = nlohmann::ordered_json::object();
  for (const DrawnCandidate& one : drawn) {
    texts[absl::StrCat(one.number)] = CandidateText(*one.candidate, facts);
  }
  const std::string json =
      texts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  // "</script>" in a name would end the element.
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

std::string TimingWord(const SearchReport& report, const Facts& facts) {
  std::string timing = facts.timing;
  if (timing.empty() && facts.measured > 0 && report.board.support) {
    timing =
        report.board.support->timing.source == Timing::Source::kModel ? "MODELLED" : "MEASURED";
  }
  if (timing == "MODELLED") return "modelled";
  return timing == "MEASURED" ? "measured" : "";
}

}  // namespace boardloop::report
