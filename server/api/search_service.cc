#include "server/api/search_service.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "cli/client/grpc_status.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "core/presets/lay_over.h"
#include "core/presets/search_presets.h"
#include "server/api/no_such.h"
#include "server/api/page_token.h"
#include "server/api/request_ids.h"
#include "server/api/watch.h"
#include "server/search/names.h"
#include "server/search/search_context.h"

namespace boardloop {
namespace {

constexpr int32_t kSearchPage = 50, kPage = 100;
constexpr int32_t kEventsOfWatch = 200;

absl::Status CheckId(const std::string& id) {
  const bool good = id.size() <= 63 && std::all_of(id.begin(), id.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                    });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "search_id is \"%s\", must be at most 63 lower-case letters, digits and '-'", id));
}

absl::StatusOr<v1::Search> OverPreset(const v1::CreateSearchRequest& request) {
  v1::Search search = request.search();
  if (request.preset().empty()) return search;
  absl::StatusOr<v1::SearchSpec> spec = SearchPreset(request.preset());
  if (!spec.ok()) return absl::InvalidArgumentError(spec.status().message());
  if (!search.spec().supernet_artifact().empty()) DropTraining(*spec);
  ScaleEvolution(search.spec().evolution(), *spec->mutable_evolution());
  LayOver(search.spec(), *spec);
  *search.mutable_spec() = *std::move(spec);
  return search;
}

// The day and six digits; another `attempt` gives others.
std::string NewId(absl::Time now, const std::string& digest, int attempt) {
  const std::string seed = absl::StrCat(absl::ToUnixNanos(now), digest, attempt);
  return absl::StrCat(absl::FormatTime("%Y%m%d", now, absl::UTCTimeZone()), "-",
                      HashBytes(seed).Hex().substr(0, 6));
}

// The name of a new search: with the id that was asked for, else one that no search has. Clocks stand and jump, so that the time
// alone does not make it one.
absl::StatusOr<std::string> NewName(Transaction& tx, const std::string& id, absl::Time now,
                                    const std::string& digest) {
  for (int attempt = 0;; ++attempt) {
    std::string name = absl::StrCat("searches/", id.empty() ? NewId(now, digest, attempt) : id);
    BL_ASSIGN_OR_RETURN(const std::optional<v1::Search> taken, tx.GetSearch(name));
    if (!taken.has_value()) return name;
    if (id.empty()) continue;
    return absl::AlreadyExistsError(
        absl::StrFormat("there is a %s already: choose another search_id", name));
  }
}

template <typename Row>
int64_t PositionOf(const Listed<Row>& row) {
  return row.position;
}

// "{event sequence}:{etag}"
std::string ResumeToken(int64_t sequence, const v1::Search& search) {
  return absl::StrCat(sequence, ":", search.etag());
}

absl::StatusOr<int64_t> SequenceOf(const std::string& token) {
  int64_t sequence = 0;
  const std::vector<std::string> parts = absl::StrSplit(token, ':');
  if (token.empty()) return 0;
  if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &sequence) && sequence >= 0) {
    return sequence;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("resume_token is \"%s\", which this server never gave", token));
}

}  // namespace

absl::Status SearchService::Create(const grpc::ServerContext& call,
                                   const v1::CreateSearchRequest& request, v1::Search& response) {
  BL_RETURN_IF_ERROR(CheckId(request.search_id()));
  BL_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const std::string digest = DigestOf(request);
  // Before all else: what the first request found may be gone, and its answer counts all the same.
  std::optional<std::string> earlier;
  BL_RETURN_IF_ERROR(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(earlier, FindRequest(tx, request.request_id(), digest));
    return absl::OkStatus();
  }));
  if (earlier.has_value()) return Get(*earlier, response);
  BL_ASSIGN_OR_RETURN(const v1::Search asked, OverPreset(request));
  BL_ASSIGN_OR_RETURN(v1::Search search, engine_.Prepare(asked));
  if (request.validate_only()) {
    const auto given_up = [&] { return call.IsCancelled() || stopping_(); };
    absl::StatusOr<v1::Search> validated = engine_.Validate(std::move(search), given_up);
    if (absl::IsCancelled(validated.status()) && stopping_()) {
      return absl::UnavailableError("the coordinator stops: ask again");
    }
    BL_RETURN_IF_ERROR(validated.status());
    response = *std::move(validated);
    return absl::OkStatus();
  }
  const absl::Time now = clock_.Now();
  const absl::Status stored = store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(earlier, FindRequest(tx, request.request_id(), digest));
    if (earlier.has_value()) {  // Another call with it was faster.
      search.set_name(*earlier);
      return absl::OkStatus();
    }
    BL_ASSIGN_OR_RETURN(*search.mutable_name(), NewName(tx, request.search_id(), now, digest));
    BL_RETURN_IF_ERROR(engine_.Insert(tx, search));
    return KeepRequest(tx, request.request_id(), digest, search.name(), now);
  });
  BL_RETURN_IF_ERROR(stored);
  engine_.OwnerChanged(search.name());
  return Get(search.name(), response);
}

absl::Status SearchService::Get(const std::string& name, v1::Search& response) {
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Search> search, tx.GetSearch(name));
    if (!search.has_value()) return NoSuch(name);
    response = *std::move(search);
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  return engine_.FillIn(response);
}

absl::Status SearchService::List(const v1::ListSearchesRequest& request,
                                 v1::ListSearchesResponse& response) {
  const std::string query = absl::StrCat("searches/", request.state());
  BL_ASSIGN_OR_RETURN(const ListPage page, ListPage::Of(request, kSearchPage, query));
  std::optional<v1::Search::State> state;
  if (request.state() != v1::Search::STATE_UNSPECIFIED) state = request.state();
  const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::vector<Listed<v1::Search>> rows,
                        tx.ListSearches(state, page.ToRead()));
    response.set_next_page_token(page.Cut(rows, PositionOf<v1::Search>));
    for (Listed<v1::Search>& row : rows) {
      row.row.clear_spaces();  // Large; GetSearch has them.
      *response.add_searches() = std::move(row.row);
    }
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  for (v1::Search& search : *response.mutable_searches()) {
    BL_RETURN_IF_ERROR(engine_.FillIn(search));
  }
  return absl::OkStatus();
}

absl::Status SearchService::Candidates(const v1::ListCandidatesRequest& request,
                                       v1::ListCandidatesResponse& response) {
  const std::string query = absl::StrCat(request.parent(), "/candidates/", request.state());
  BL_ASSIGN_OR_RETURN(const ListPage page, ListPage::Of(request, kPage, query));
  std::optional<v1::Candidate::State> state;
  if (request.state() != v1::Candidate::STATE_UNSPECIFIED) state = request.state();
  return store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::optional<v1::Search> search, tx.GetSearch(request.parent()));
    if (!search.has_value()) return NoSuch(request.parent());
    BL_ASSIGN_OR_RETURN(std::vector<Listed<v1::Candidate>> rows,
                        tx.ListCandidates(request.parent(), state, page.ToRead()));
    response.set_next_page_token(page.Cut(rows, PositionOf<v1::Candidate>));
    for (Listed<v1::Candidate>& row : rows) *response.add_candidates() = std::move(row.row);
    return absl::OkStatus();
  });
}

absl::Status SearchService::Front(const v1::GetFrontRequest& request,
                                  v1::GetFrontResponse& response) {
  absl::StatusOr<SearchView> view = ReadSearch(store_, request.parent());
  if (absl::IsNotFound(view.status())) return NoSuch(request.parent());
  if (!view.ok()) return view.status();
  std::vector<ObjectiveValues> points;
  for (const Individual& individual : ToIndividuals(view->search, view->candidates)) {
    points.push_back(ValuesOf(individual));
  }
  std::vector<size_t> front = ParetoFront(points);
  std::stable_sort(front.begin(), front.end(),
                   [&](size_t a, size_t b) { return points[a].top1 > points[b].top1; });
  for (const size_t index : front) {
    *response.add_candidates() = std::move(view->candidates[index]);
  }
  return absl::OkStatus();
}

absl::Status SearchService::Events(const v1::ListEventsRequest& request,
                                   v1::ListEventsResponse& response) {
  const std::string query = absl::StrCat("events/", request.parent());
  BL_ASSIGN_OR_RETURN(const ListPage page, ListPage::Of(request, kPage, query));
  return store_.Read([&](Transaction& tx) -> absl::Status {
    if (!request.parent().empty()) {
      BL_ASSIGN_OR_RETURN(const std::optional<v1::Search> search, tx.GetSearch(request.parent()));
      if (!search.has_value()) return NoSuch(request.parent());
    }
    BL_ASSIGN_OR_RETURN(std::vector<v1::Event> events,
                        tx.ListEvents(request.parent(), page.ToRead()));
    response.set_next_page_token(
        page.Cut(events, [](const v1::Event& event) { return event.sequence(); }));
    for (v1::Event& event : events) *response.add_events() = std::move(event);
    return absl::OkStatus();
  });
}

grpc::Status SearchService::CreateSearch(grpc::ServerContext* context,
                                         const v1::CreateSearchRequest* request,
                                         v1::Search* response) {
  return ToGrpc(Create(*context, *request, *response));
}

grpc::Status SearchService::GetSearch(grpc::ServerContext* /*context*/,
                                      const v1::GetSearchRequest* request, v1::Search* response) {
  return ToGrpc(Get(request->name(), *response));
}

grpc::Status SearchService::ListSearches(grpc::ServerContext* /*context*/,
                                         const v1::ListSearchesRequest* request,
                                         v1::ListSearchesResponse* response) {
  return ToGrpc(List(*request, *response));
}

grpc::Status SearchService::CancelSearch(grpc::ServerContext* /*context*/,
                                         const v1::CancelSearchRequest* request,
                                         v1::Search* response) {
  const absl::StatusOr<v1::Search> cancelled = engine_.Cancel(request->name(), request->etag());
  if (cancelled.ok()) *response = *cancelled;
  return ToGrpc(OrNoSuch(cancelled.status(), request->name()));
}

grpc::Status SearchService::WatchSearch(grpc::ServerContext* context,
                                        const v1::WatchSearchRequest* request,
                                        grpc::ServerWriter<v1::WatchSearchResponse>* writer) {
  const absl::StatusOr<int64_t> start = SequenceOf(request->resume_token());
  if (!start.ok()) return ToGrpc(start.status());
  Page page;
  page.after = *start;
  page.limit = kEventsOfWatch;
  std::string last;
  const auto look = [&]() -> absl::StatusOr<bool> {
    v1::WatchSearchResponse response;
    BL_RETURN_IF_ERROR(Get(request->name(), *response.mutable_search()));
    const absl::Status read = store_.Read([&](Transaction& tx) -> absl::Status {
      BL_ASSIGN_OR_RETURN(std::vector<v1::Event> events, tx.ListEvents(request->name(), page));
      for (v1::Event& event : events) *response.add_events() = std::move(event);
      return absl::OkStatus();
    });
    BL_RETURN_IF_ERROR(read);
    const std::string now = response.search().SerializeAsString();
    const bool ended = response.search().state() != v1::Search::RUNNING;
    if (now == last && response.events().empty()) return ended;
    last = now;
    if (!response.events().empty()) page.after = response.events().rbegin()->sequence();
    response.set_resume_token(ResumeToken(page.after, response.search()));
    if (!writer->Write(response)) return true;  // The caller is gone.
    return ended && response.events_size() < page.limit;
  };
  return ToGrpc(Watch(*context, stopping_, look));
}

grpc::Status SearchService::GetCandidate(grpc::ServerContext* /*context*/,
                                         const v1::GetCandidateRequest* request,
                                         v1::Candidate* response) {
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(
        std::optional<v1::Candidate> candidate,
        tx.GetCandidate(SearchOfCandidate(request->name()), CandidateNumber(request->name())));
    if (!candidate.has_value()) return NoSuch(request->name());
    *response = *std::move(candidate);
    return absl::OkStatus();
  }));
}

grpc::Status SearchService::ListCandidates(grpc::ServerContext* /*context*/,
                                           const v1::ListCandidatesRequest* request,
                                           v1::ListCandidatesResponse* response) {
  return ToGrpc(Candidates(*request, *response));
}

grpc::Status SearchService::GetFront(grpc::ServerContext* /*context*/,
                                     const v1::GetFrontRequest* request,
                                     v1::GetFrontResponse* response) {
  return ToGrpc(Front(*request, *response));
}

grpc::Status SearchService::ListEvents(grpc::ServerContext* /*context*/,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) {
  return ToGrpc(Events(*request, *response));
}

}  // namespace boardloop
