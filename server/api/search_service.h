// SearchService (proto/boardloop/v1/search_service.proto) on the engine and the store.
#pragma once

#include <functional>
#include <string>

#include "boardloop/v1/search_service.grpc.pb.h"
#include "server/search/search_engine.h"

namespace boardloop {

class SearchService final : public v1::SearchService::Service {
 public:
  // Nothing is owned. `stopping` ends streams.
  SearchService(Store& store, SearchEngine& engine, const Clock& clock,
                std::function<bool()> stopping)
      : store_(store), engine_(engine), clock_(clock), stopping_(std::move(stopping)) {}

  grpc::Status CreateSearch(grpc::ServerContext* context, const v1::CreateSearchRequest* request,
                            v1::Search* response) override;
  grpc::Status GetSearch(grpc::ServerContext* context, const v1::GetSearchRequest* request,
                         v1::Search* response) override;
  grpc::Status ListSearches(grpc::ServerContext* context, const v1::ListSearchesRequest* request,
                            v1::ListSearchesResponse* response) override;
  grpc::Status CancelSearch(grpc::ServerContext* context, const v1::CancelSearchRequest* request,
                            v1::Search* response) override;
  grpc::Status WatchSearch(grpc::ServerContext* context, const v1::WatchSearchRequest* request,
                           grpc::ServerWriter<v1::WatchSearchResponse>* writer) override;
  grpc::Status GetCandidate(grpc::ServerContext* context, const v1::GetCandidateRequest* request,
                            v1::Candidate* response) override;
  grpc::Status ListCandidates(grpc::ServerContext* context,
                              const v1::ListCandidatesRequest* request,
                              v1::ListCandidatesResponse* response) override;
  grpc::Status GetFront(grpc::ServerContext* context, const v1::GetFrontRequest* request,
                        v1::GetFrontResponse* response) override;
  grpc::Status ListEvents(grpc::ServerContext* context, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override;

 private:
  absl::Status Create(const grpc::ServerContext& call, const v1::CreateSearchRequest& request,
                      v1::Search& response);
  absl::Status Get(const std::string& name, v1::Search& response);
  absl::Status List(const v1::ListSearchesRequest& request, v1::ListSearchesResponse& response);
  absl::Status Candidates(const v1::ListCandidatesRequest& request,
                          v1::ListCandidatesResponse& response);
  absl::Status Front(const v1::GetFrontRequest& request, v1::GetFrontResponse& response);
  absl::Status Events(const v1::ListEventsRequest& request, v1::ListEventsResponse& response);

  Store& store_;
  SearchEngine& engine_;
  const Clock& clock_;
  const std::function<bool()> stopping_;
};

}  // namespace boardloop
