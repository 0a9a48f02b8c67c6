// A coordinator for tests of its clients: real gRPC on a port of its own, with whatever state and faults a test gives it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "boardloop/v1/artifact_service.pb.h"
#include "boardloop/v1/board_service.pb.h"
#include "boardloop/v1/measure_service.pb.h"
#include "boardloop/v1/search_service.pb.h"

namespace boardloop {

// One answer of WatchSearch, or the break of its stream.
struct WatchStep {
  v1::WatchSearchResponse response;
  absl::Status broken;  // Not OK: ends the stream, once; the next one goes on behind it.
};

// What a coordinator knows, and what it was asked.
struct FakeState {
  std::vector<v1::Search> searches;
  std::vector<v1::Candidate> candidates;  // Of all searches.
  std::vector<v1::Candidate> front;       // What GetFront answers, for any search.
  std::vector<v1::Event> events;
  std::vector<v1::Board> boards;
  std::vector<v1::BoardType> board_types;
  std::vector<v1::Member> members;
  std::vector<v1::MeasurementJob> measurements;
  std::map<std::string, std::string> artifacts;  // Content by name.

  v1::Search validated;                       // Answer to CreateSearch with validate_only.
  std::vector<WatchStep> watch;               // Of any search. The resume_token counts steps.
  std::vector<v1::MeasurementJob> measuring;  // Of WatchMeasurement, after the job itself.
  int32_t largest_page = 1000;
  bool same_page_for_ever = false;             // A list without an end.
  std::map<std::string, absl::Status> errors;  // By method: what it answers instead.

  std::vector<v1::CreateSearchRequest> created_searches;
  std::vector<v1::CreateMeasurementRequest> created_measurements;
  std::vector<std::string> resume_tokens;  // Of each WatchSearch.
  std::vector<std::string> reasons;        // Of DrainBoard and QuarantineBoard.
  std::map<std::string, int> calls;        // By method.
};

// Listens on 127.0.0.1 from its construction to its destruction, but for Stop and Start. Thread-safe.
class FakeCoordinator {
 public:
  FakeCoordinator();
  ~FakeCoordinator();

  // The same before and after a Stop.
  std::string address() const;

  // Changes or reads the state, between calls of clients.
  void Edit(const std::function<void(FakeState&)>& edit);
  FakeState state() const;

  // Breaks all streams and closes the port; Start opens it again, with the same state.
  void Stop();
  void Start();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace boardloop
