#include "tests/support/fake_coordinator.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "boardloop/v1/artifact_service.grpc.pb.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "boardloop/v1/measure_service.grpc.pb.h"
#include "boardloop/v1/search_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "core/base/mutex.h"
#include "glog/logging.h"
#include "grpc/impl/codegen/grpc_types.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace boardloop {
namespace {

constexpr size_t kPieceBytes = 1000;  // Small, so that files take several.

// State and lock that the services share.
struct Shared {
  mutable Mutex mu;
  FakeState state ABSL_GUARDED_BY(mu);
  bool stopping ABSL_GUARDED_BY(mu) = false;

  // Counts a call of `method`, and what it fails with.
  absl::Status Enter(const std::string& method) {
    MutexLock lock(mu);
    ++state.calls[method];
    const auto error = state.errors.find(method);
    return error == state.errors.end() ? absl::OkStatus() : error->second;
  }
};

template <typename Items>
auto* Find(Items& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const auto& item) { return item.name() == name; });
  return found == items.end() ? nullptr : &*found;
}

absl::Status NotFound(const std::string& name) {
  return WithReason(absl::NotFoundError(absl::StrCat("there is no ", name)), "NAME_UNKNOWN");
}

// The page that `request` asks for of those `items` that `keep` keeps. Tokens count items.
template <typename Request, typename Response, typename Item, typename Keep, typename Add>
void Page(const FakeState& state, const Request& request, const std::vector<Item>& items,
          const Keep& keep, const Add& add, Response* response) {
  size_t at = 0;
  if (!request.page_token().empty()) CHECK(absl::SimpleAtoi(request.page_token(), &at));
  const int32_t size =
      std::min(request.page_size() == 0 ? 100 : request.page_size(), state.largest_page);
  int32_t added = 0;
  size_t index = 0;
  for (const Item& item : items) {
    if (!keep(item) || index++ < at) continue;
    if (added == size) {
      response->set_next_page_token(absl::StrCat(at + static_cast<size_t>(size)));
      break;
    }
    *add(response) = item;
    ++added;
  }
  if (state.same_page_for_ever) response->set_next_page_token("0");
}

class Searches : public v1::SearchService::Service {
 public:
  explicit Searches(Shared& shared) : shared_(shared) {}

  grpc::Status CreateSearch(grpc::ServerContext*, const v1::CreateSearchRequest* request,
                            v1::Search* response) override {
    const absl::Status entered = shared_.Enter("CreateSearch");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    FakeState& state = shared_.state;
    state.created_searches.push_back(*request);
    if (request->validate_only()) {
      *response = state.validated;
      return grpc::Status::OK;
    }
    *response = request->search();
    const std::string id = request->search_id().empty()
                               ? absl::StrCat("search-", state.searches.size() + 1)
                               : request->search_id();
    response->set_name("searches/" + id);
    response->set_state(v1::Search::RUNNING);
    state.searches.push_back(*response);
    return grpc::Status::OK;
  }

  grpc::Status GetSearch(grpc::ServerContext*, const v1::GetSearchRequest* request,
                         v1::Search* response) override {
    const absl::Status entered = shared_.Enter("GetSearch");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    const v1::Search* search = Find(shared_.state.searches, request->name());
    if (search == nullptr) return ToGrpc(NotFound(request->name()));
    *response = *search;
    return grpc::Status::OK;
  }

  grpc::Status ListSearches(grpc::ServerContext*, const v1::ListSearchesRequest* request,
                            v1::ListSearchesResponse* response) override {
    const absl::Status entered = shared_.Enter("ListSearches");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    Page(
        shared_.state, *request, shared_.state.searches,
        [&](const v1::Search& search) {
          return request->state() == v1::Search::STATE_UNSPECIFIED ||
                 request->state() == search.state();
        },
        [](v1::ListSearchesResponse* page) { return page->add_searches(); }, response);
    return grpc::Status::OK;
  }

  grpc::Status CancelSearch(grpc::ServerContext*, const v1::CancelSearchRequest* request,
                            v1::Search* response) override {
    const absl::Status entered = shared_.Enter("CancelSearch");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    v1::Search* search = Find(shared_.state.searches, request->name());
    if (search == nullptr) return ToGrpc(NotFound(request->name()));
    search->set_state(v1::Search::CANCELLED);
    *response = *search;
    return grpc::Status::OK;
  }

  grpc::Status WatchSearch(grpc::ServerContext* context, const v1::WatchSearchRequest* request,
                           grpc::ServerWriter<v1::WatchSearchResponse>* writer) override {
    const absl::Status entered = shared_.Enter("WatchSearch");
    if (!entered.ok()) return ToGrpc(entered);
    size_t step = 0;
    if (!request->resume_token().empty()) CHECK(absl::SimpleAtoi(request->resume_token(), &step));
    {
      MutexLock lock(shared_.mu);
      shared_.state.resume_tokens.push_back(request->resume_token());
    }
    while (true) {
      v1::WatchSearchResponse response;
      {
        MutexLock lock(shared_.mu);
        if (step >= shared_.state.watch.size()) break;
        WatchStep& next = shared_.state.watch[step];
        if (!next.broken.ok()) {
          grpc::Status broken = ToGrpc(next.broken);
          shared_.state.watch.erase(shared_.state.watch.begin() +
                                    static_cast<std::ptrdiff_t>(step));
          return broken;
        }
        response = next.response;
      }
      response.set_resume_token(absl::StrCat(++step));
      writer->Write(response);
    }
    WaitForEnd(*context);
    return grpc::Status::OK;
  }

  grpc::Status GetCandidate(grpc::ServerContext*, const v1::GetCandidateRequest* request,
                            v1::Candidate* response) override {
    const absl::Status entered = shared_.Enter("GetCandidate");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    const v1::Candidate* candidate = Find(shared_.state.candidates, request->name());
    if (candidate == nullptr) return ToGrpc(NotFound(request->name()));
    *response = *candidate;
    return grpc::Status::OK;
  }

  grpc::Status ListCandidates(grpc::ServerContext*, const v1::ListCandidatesRequest* request,
                              v1::ListCandidatesResponse* response) override {
    const absl::Status entered = shared_.Enter("ListCandidates");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    const std::string prefix = request->parent() + "/";
    Page(
        shared_.state, *request, shared_.state.candidates,
        [&](const v1::Candidate& candidate) {
          return candidate.name().rfind(prefix, 0) == 0 &&
                 (request->state() == v1::Candidate::STATE_UNSPECIFIED ||
                  request->state() == candidate.state());
        },
        [](v1::ListCandidatesResponse* page) { return page->add_candidates(); }, response);
    return grpc::Status::OK;
  }

  grpc::Status GetFront(grpc::ServerContext*, const v1::GetFrontRequest*,
                        v1::GetFrontResponse* response) override {
    const absl::Status entered = shared_.Enter("GetFront");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    for (const v1::Candidate& candidate : shared_.state.front) {
      *response->add_candidates() = candidate;
    }
    return grpc::Status::OK;
  }

  grpc::Status ListEvents(grpc::ServerContext*, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override {
    const absl::Status entered = shared_.Enter("ListEvents");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    Page(
        shared_.state, *request, shared_.state.events,
        [&](const v1::Event& event) {
          const bool of_search = event.subject().rfind("searches/", 0) == 0;
          return request->parent().empty() ? !of_search : event.subject() == request->parent();
        },
        [](v1::ListEventsResponse* page) { return page->add_events(); }, response);
    return grpc::Status::OK;
  }

 private:
  // As a coordinator whose search goes on without changes. A cancelled call is noticed by polling: the synchronous interface
  // has no other way.
  void WaitForEnd(const grpc::ServerContext& context) {
    MutexLock lock(shared_.mu);
    const auto stopping = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return shared_.stopping; };
    while (!context.IsCancelled() && !shared_.mu.AwaitFor(stopping, absl::Milliseconds(20))) {
    }
  }

  Shared& shared_;
};

class Boards : public v1::BoardService::Service {
 public:
  explicit Boards(Shared& shared) : shared_(shared) {}

  grpc::Status GetBoard(grpc::ServerContext*, const v1::GetBoardRequest* request,
                        v1::Board* response) override {
    const absl::Status entered = shared_.Enter("GetBoard");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    const v1::Board* board = Find(shared_.state.boards, request->name());
    if (board == nullptr) return ToGrpc(NotFound(request->name()));
    *response = *board;
    return grpc::Status::OK;
  }

  grpc::Status ListBoards(grpc::ServerContext*, const v1::ListBoardsRequest* request,
                          v1::ListBoardsResponse* response) override {
    const absl::Status entered = shared_.Enter("ListBoards");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    Page(
        shared_.state, *request, shared_.state.boards,
        [&](const v1::Board& board) {
          return request->board_type().empty() || request->board_type() == board.board_type();
        },
        [](v1::ListBoardsResponse* page) { return page->add_boards(); }, response);
    return grpc::Status::OK;
  }

  grpc::Status DrainBoard(grpc::ServerContext*, const v1::DrainBoardRequest* request,
                          v1::Board* response) override {
    return Set(request->name(), v1::Board::DRAINED, request->etag(), request->reason(), response);
  }
  grpc::Status QuarantineBoard(grpc::ServerContext*, const v1::QuarantineBoardRequest* request,
                               v1::Board* response) override {
    return Set(request->name(), v1::Board::QUARANTINED, request->etag(), request->reason(),
               response);
  }
  grpc::Status ReturnBoard(grpc::ServerContext*, const v1::ReturnBoardRequest* request,
                           v1::Board* response) override {
    return Set(request->name(), v1::Board::CHECKING, "", "", response);
  }

  grpc::Status ListBoardTypes(grpc::ServerContext*, const v1::ListBoardTypesRequest*,
                              v1::ListBoardTypesResponse* response) override {
    const absl::Status entered = shared_.Enter("ListBoardTypes");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    for (const v1::BoardType& type : shared_.state.board_types) *response->add_board_types() = type;
    return grpc::Status::OK;
  }

  grpc::Status ListMembers(grpc::ServerContext*, const v1::ListMembersRequest* request,
                           v1::ListMembersResponse* response) override {
    const absl::Status entered = shared_.Enter("ListMembers");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    Page(
        shared_.state, *request, shared_.state.members,
        [&](const v1::Member& member) {
          return request->kind() == v1::Member::KIND_UNSPECIFIED ||
                 request->kind() == member.kind();
        },
        [](v1::ListMembersResponse* page) { return page->add_members(); }, response);
    return grpc::Status::OK;
  }

 private:
  grpc::Status Set(const std::string& name, v1::Board::State new_state, const std::string& etag,
                   const std::string& reason, v1::Board* response) {
    MutexLock lock(shared_.mu);
    v1::Board* board = Find(shared_.state.boards, name);
    if (board == nullptr) return ToGrpc(NotFound(name));
    if (!etag.empty() && etag != board->etag()) {
      return ToGrpc(absl::AbortedError(
          absl::StrFormat("etag is \"%s\", the current one is \"%s\"", etag, board->etag())));
    }
    shared_.state.reasons.push_back(reason);
    if (new_state != v1::Board::DRAINED || board->state() != v1::Board::DRAINED) {
      board->set_state(new_state);
      board->set_reason(reason);
    }
    *response = *board;
    return grpc::Status::OK;
  }

  Shared& shared_;
};

class Measurements : public v1::MeasureService::Service {
 public:
  explicit Measurements(Shared& shared) : shared_(shared) {}

  grpc::Status CreateMeasurement(grpc::ServerContext*, const v1::CreateMeasurementRequest* request,
                                 v1::MeasurementJob* response) override {
    const absl::Status entered = shared_.Enter("CreateMeasurement");
    if (!entered.ok()) return ToGrpc(entered);
    MutexLock lock(shared_.mu);
    FakeState& state = shared_.state;
    state.created_measurements.push_back(*request);
    *response = request->measurement();
    response->set_name(absl::StrCat("measurements/", state.measurements.size() + 1));
    response->set_state(v1::MeasurementJob::QUEUED);
    state.measurements.push_back(*response);
    return grpc::Status::OK;
  }

  grpc::Status GetMeasurement(grpc::ServerContext*, const v1::GetMeasurementRequest* request,
                              v1::MeasurementJob* response) override {
    MutexLock lock(shared_.mu);
    const v1::MeasurementJob* job = Find(shared_.state.measurements, request->name());
    if (job == nullptr) return ToGrpc(NotFound(request->name()));
    *response = *job;
    return grpc::Status::OK;
  }

  grpc::Status WatchMeasurement(grpc::ServerContext*, const v1::WatchMeasurementRequest* request,
                                grpc::ServerWriter<v1::MeasurementJob>* writer) override {
    MutexLock lock(shared_.mu);
    v1::MeasurementJob* job = Find(shared_.state.measurements, request->name());
    if (job == nullptr) return ToGrpc(NotFound(request->name()));
    writer->Write(*job);
    for (const v1::MeasurementJob& step : shared_.state.measuring) {
      job->MergeFrom(step);
      writer->Write(*job);
    }
    return grpc::Status::OK;
  }

  grpc::Status ListMeasurements(grpc::ServerContext*, const v1::ListMeasurementsRequest* request,
                                v1::ListMeasurementsResponse* response) override {
    MutexLock lock(shared_.mu);
    Page(
        shared_.state, *request, shared_.state.measurements,
        [](const v1::MeasurementJob&) { return true; },
        [](v1::ListMeasurementsResponse* page) { return page->add_measurements(); }, response);
    return grpc::Status::OK;
  }

  grpc::Status CancelMeasurement(grpc::ServerContext*, const v1::CancelMeasurementRequest* request,
                                 v1::MeasurementJob* response) override {
    MutexLock lock(shared_.mu);
    v1::MeasurementJob* job = Find(shared_.state.measurements, request->name());
    if (job == nullptr) return ToGrpc(NotFound(request->name()));
    job->set_state(v1::MeasurementJob::CANCELLED);
    *response = *job;
    return grpc::Status::OK;
  }

 private:
  Shared& shared_;
};

class Artifacts : public v1::ArtifactService::Service {
 public:
  explicit Artifacts(Shared& shared) : shared_(shared) {}

  grpc::Status WriteArtifact(grpc::ServerContext*,
                             grpc::ServerReader<v1::WriteArtifactRequest>* reader,
                             v1::Artifact* response) override {
    const absl::Status entered = shared_.Enter("WriteArtifact");
    if (!entered.ok()) return ToGrpc(entered);
    std::string content;
    for (v1::WriteArtifactRequest piece; reader->Read(&piece);) {
      if (response->name().empty()) {
        response->set_name(piece.name());
        response->set_size_bytes(piece.size_bytes());
      }
      content += piece.data();
    }
    MutexLock lock(shared_.mu);
    shared_.state.artifacts[response->name()] = content;
    return grpc::Status::OK;
  }

  grpc::Status GetUpload(grpc::ServerContext*, const v1::GetUploadRequest* request,
                         v1::Upload* response) override {
    MutexLock lock(shared_.mu);
    const auto artifact = shared_.state.artifacts.find(request->name());
    response->set_complete(artifact != shared_.state.artifacts.end());
    if (response->complete()) {
      response->set_committed_bytes(static_cast<int64_t>(artifact->second.size()));
    }
    return grpc::Status::OK;
  }

  grpc::Status ReadArtifact(grpc::ServerContext*, const v1::ReadArtifactRequest* request,
                            grpc::ServerWriter<v1::ReadArtifactResponse>* writer) override {
    const absl::Status entered = shared_.Enter("ReadArtifact");
    if (!entered.ok()) return ToGrpc(entered);
    std::string content;
    {
      MutexLock lock(shared_.mu);
      const auto artifact = shared_.state.artifacts.find(request->name());
      if (artifact == shared_.state.artifacts.end()) return ToGrpc(NotFound(request->name()));
      content = artifact->second;
    }
    auto at = static_cast<size_t>(request->offset());
    do {  // At least one message, which tells the size.
      v1::ReadArtifactResponse piece;
      piece.set_data(content.substr(at, kPieceBytes));
      piece.set_size_bytes(static_cast<int64_t>(content.size()));
      writer->Write(piece);
      at += kPieceBytes;
    } while (at < content.size());
    return grpc::Status::OK;
  }

  grpc::Status GetArtifact(grpc::ServerContext*, const v1::GetArtifactRequest* request,
                           v1::Artifact* response) override {
    MutexLock lock(shared_.mu);
    const auto artifact = shared_.state.artifacts.find(request->name());
    if (artifact == shared_.state.artifacts.end()) return ToGrpc(NotFound(request->name()));
    response->set_name(request->name());
    response->set_size_bytes(static_cast<int64_t>(artifact->second.size()));
    return grpc::Status::OK;
  }

 private:
  Shared& shared_;
};

}  // namespace

class FakeCoordinator::Impl {
 public:
  Impl() : searches_(shared), boards_(shared), measurements_(shared), artifacts_(shared) {}

  void Start() {
    {
      MutexLock lock(shared.mu);
      shared.stopping = false;
    }
    grpc::ServerBuilder builder;
    // Else a server of another test could share the port.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&searches_);
    builder.RegisterService(&boards_);
    builder.RegisterService(&measurements_);
    builder.RegisterService(&artifacts_);
    server_ = builder.BuildAndStart();
    CHECK(server_ != nullptr) << "no port to listen on";
  }

  void Stop() {
    if (server_ == nullptr) return;
    {
      MutexLock lock(shared.mu);
      shared.stopping = true;
    }
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  Shared shared;
  int port = 0;

 private:
  Searches searches_;
  Boards boards_;
  Measurements measurements_;
  Artifacts artifacts_;
  std::unique_ptr<grpc::Server> server_;
};

FakeCoordinator::FakeCoordinator() : impl_(std::make_unique<Impl>()) { impl_->Start(); }
FakeCoordinator::~FakeCoordinator() { impl_->Stop(); }

std::string FakeCoordinator::address() const { return absl::StrCat("127.0.0.1:", impl_->port); }

void FakeCoordinator::Edit(const std::function<void(FakeState&)>& edit) {
  MutexLock lock(impl_->shared.mu);
  edit(impl_->shared.state);
}

FakeState FakeCoordinator::state() const {
  MutexLock lock(impl_->shared.mu);
  return impl_->shared.state;
}

void FakeCoordinator::Stop() { impl_->Stop(); }
void FakeCoordinator::Start() { impl_->Start(); }

}  // namespace boardloop
