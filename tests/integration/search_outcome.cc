#include "tests/integration/search_outcome.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr absl::Duration kCall = absl::Seconds(20);
constexpr int kPageSize = 1000;

// Whether a measurement was asked of the board or of the cache depends on what was known when its generation began.
std::string TextOf(v1::Candidate candidate) {
  candidate.clear_from_cache();
  candidate.mutable_measurement()->clear_seconds();
  candidate.mutable_measurement()->clear_provenance();
  return candidate.ShortDebugString();
}

absl::StatusOr<std::vector<std::string>> Candidates(v1::SearchService::Stub& searches,
                                                    const std::string& search) {
  std::vector<std::string> texts;
  v1::ListCandidatesRequest request;
  request.set_parent(search);
  request.set_page_size(kPageSize);
  do {
    grpc::ClientContext context;
    SetDeadline(context, kCall);
    v1::ListCandidatesResponse page;
    BL_RETURN_IF_ERROR(
        FromGrpc(searches.ListCandidates(&context, request, &page), "the coordinator"));
    for (const v1::Candidate& candidate : page.candidates()) texts.push_back(TextOf(candidate));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return texts;
}

absl::StatusOr<std::vector<std::string>> Front(v1::SearchService::Stub& searches,
                                               const std::string& search) {
  grpc::ClientContext context;
  SetDeadline(context, kCall);
  v1::GetFrontRequest request;
  request.set_parent(search);
  v1::GetFrontResponse front;
  BL_RETURN_IF_ERROR(FromGrpc(searches.GetFront(&context, request, &front), "the coordinator"));
  std::vector<std::string> texts;
  for (const v1::Candidate& candidate : front.candidates()) texts.push_back(TextOf(candidate));
  return texts;
}

std::string DifferenceOf(const std::string& what, const std::vector<std::string>& a,
                         const std::vector<std::string>& b) {
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string left = i < a.size() ? a[i] : "nothing",
                      right = i < b.size() ? b[i] : "nothing";
    if (left != right)
      return absl::StrCat(what, ", line ", i + 1, ":\n  ", left, "\n  ", right, "\n");
  }
  return "";
}

}  // namespace

absl::StatusOr<SearchOutcome> ReadOutcome(v1::SearchService::Stub& searches,
                                          const v1::Search& search) {
  SearchOutcome outcome;
  BL_ASSIGN_OR_RETURN(outcome.candidates, Candidates(searches, search.name()));
  BL_ASSIGN_OR_RETURN(outcome.front, Front(searches, search.name()));
  outcome.winner = search.winner();
  for (const v1::Deliverable& file : search.deliverables()) {
    if (file.file_name() == "result.json" || file.file_name() == "report.html") continue;
    outcome.deliverables.push_back(absl::StrCat(file.file_name(), " ", file.artifact()));
  }
  return outcome;
}

std::string Difference(const SearchOutcome& a, const SearchOutcome& b) {
  return absl::StrCat(DifferenceOf("candidates", a.candidates, b.candidates),
                      DifferenceOf("front", a.front, b.front),
                      DifferenceOf("winner", {a.winner}, {b.winner}),
                      DifferenceOf("deliverables", a.deliverables, b.deliverables));
}

}  // namespace boardloop
