#include "server/pages/pages.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/base/artifact_name.h"
#include "core/base/status.h"
#include "server/search/names.h"

namespace boardloop {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kJson[] = "application/json";
constexpr char kReport[] = "report.html";

const v1::Deliverable* ReportOf(const v1::Search& search) {
  for (const v1::Deliverable& deliverable : search.deliverables()) {
    if (deliverable.file_name() == kReport) return &deliverable;
  }
  return nullptr;
}

HttpAnswer Refusal(const absl::Status& status) {
  return {absl::IsNotFound(status) ? 404 : 500, kText,
          absl::StrCat(std::string(status.message()), "\n")};
}

// "searches/{search}" of "/searches/{search}/report"; empty: it is another path.
std::string SearchOfReport(const std::string& path) {
  if (!absl::StartsWith(path, "/searches/") || !absl::EndsWith(path, "/report")) return "";
  if (path.size() <= std::string("/searches//report").size()) return "";
  return std::string(absl::StripSuffix(path, "/report")).substr(1);
}

}  // namespace

HttpAnswer Pages::Answer(const std::string& path) {
  if (path == "/" || path == "/searches") {
    absl::StatusOr<List> list = Searches();
    if (!list.ok()) return Refusal(list.status());
    if (path == "/") return {200, kHtml, SearchesHtml(list->rows, list->more)};
    return {200, kJson, SearchesJson(list->rows)};
  }
  const std::string search = SearchOfReport(path);
  if (search.empty()) {
    return {404, kText, "there are /, /searches, /searches/NAME/report, /metrics and /healthz\n"};
  }
  absl::StatusOr<std::string> report = Report(search);
  if (!report.ok()) return Refusal(report.status());
  return {200, kHtml, *std::move(report)};
}

absl::StatusOr<Pages::List> Pages::Searches() {
  List list;
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    Page page;
    page.limit = kMostSearches + 1;
    BL_ASSIGN_OR_RETURN(std::vector<Listed<v1::Search>> rows, tx.ListSearches(std::nullopt, page));
    list.more = rows.size() > kMostSearches;
    if (list.more) rows.pop_back();
    for (Listed<v1::Search>& row : rows) {
      list.rows.emplace_back().search = std::move(row.row);
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> slots, slots_.Update(store_));
  for (SearchRow& row : list.rows) {
    const auto slot = std::find(slots.begin(), slots.end(), row.search.name());
    if (slot != slots.end()) row.slot = static_cast<int>(slot - slots.begin()) + 1;
    BL_RETURN_IF_ERROR(Complete(row));
  }
  return list;
}

absl::Status Pages::Complete(SearchRow& row) {
  BL_RETURN_IF_ERROR(engine_.FillIn(row.search));
  row.has_report = ReportOf(row.search) != nullptr;
  {
    const MutexLock lock(mu_);
    row.remaining = remaining_[row.search.name()].Estimate(row.search, clock_.Steady());
    if (row.search.state() != v1::Search::RUNNING) remaining_.erase(row.search.name());
  }
  const std::string& best = row.search.progress().best();
  if (best.empty()) return absl::OkStatus();
  return store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::optional<v1::Candidate> candidate,
                        tx.GetCandidate(SearchOfCandidate(best), CandidateNumber(best)));
    if (candidate.has_value()) row.best_sram_bytes = candidate->planned_sram_bytes();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> Pages::Report(const std::string& name) {
  std::optional<v1::Search> search;
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(search, tx.GetSearch(name));
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  if (!search.has_value()) return absl::NotFoundError(absl::StrCat("there is no ", name));
  const v1::Deliverable* const report = ReportOf(*search);
  if (report == nullptr) {
    return absl::NotFoundError(absl::StrFormat("%s is %s and has no report: one that SUCCEEDED has",
                                               name, v1::Search::State_Name(search->state())));
  }
  BL_ASSIGN_OR_RETURN(const std::string sha256, ArtifactSha256(report->artifact()));
  return artifacts_.ReadAll(sha256);
}

}  // namespace boardloop
