// A whole coordinator over real gRPC on a port of this machine, with a clock that stands until a test moves it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "boardloop/v1/measure_service.grpc.pb.h"
#include "boardloop/v1/search_service.grpc.pb.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "server/coordinator.h"
#include "tests/server/api/call.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_folder.h"

namespace boardloop {

inline constexpr char kType[] = "virtual-stm32f405";
inline constexpr char kRequestId[] = "123e4567-e89b-42d3-a456-426614174000";
inline constexpr char kOtherId[] = "00000000-0000-4000-8000-000000000000";

// A worker or an agent as the coordinator sees one: what it says next, and what it was told last.
struct TestMember {
  v1::SynchronizeRequest request;
  v1::SynchronizeResponse response;
};

class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest();

  Coordinator::Options OptionsOf(const std::string& folder);
  // On the folder of the test, with what an earlier one left there.
  void Start();
  void Stop() { coordinator_.reset(); }
  // As after a crash, for callers: rows and files stay.
  void Restart() {
    Stop();
    Start();
  }

  // Call(&v1::SearchService::Stub::GetSearch, request)
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    return boardloop::Call(channel_, method, request);
  }

  // ---- Searches.
  static v1::SearchSpec SmallSpec();
  static v1::CreateSearchRequest CreateRequest(const std::string& id);
  v1::Search Create(const std::string& id);
  // Of a super-network that is there already: its first candidates are what it begins with.
  v1::Search CreateInSupernet(const std::string& id);
  // Uploads a super-network of what SmallSpec searches; gives its name.
  std::string UploadSupernet();
  absl::StatusOr<v1::Search> Get(const std::string& name);
  // Follows the search until `condition` holds; fails the test when the stream ends before.
  v1::Search Await(const std::string& name,
                   const std::function<bool(const v1::Search&)>& condition);

  // ---- Files.
  std::string Upload(const std::string& bytes);  // Gives its name.

  // ---- Members.
  static TestMember Worker(const std::string& name, const std::vector<std::string>& datasets);
  // With boards "boards/{name}-1", ...
  static TestMember Agent(const std::string& name, int boards, const std::string& type = kType);
  // One call. What it is granted it holds from then on, and checks that were ordered are done, well, before the next call.
  void Synchronize(TestMember& member);
  // Until its boards are in service.
  void BringUp(TestMember& agent);
  // The answer to a task that it holds.
  static void Finish(TestMember& member, const std::string& task, const v1::TaskResult& result);
  absl::StatusOr<v1::Board> GetBoard(const std::string& name);

  FakeClock clock_;
  TestFolder folder_;
  Metrics metrics_{"boardloop-server", "test"};
  std::unique_ptr<Coordinator> coordinator_;
  std::shared_ptr<grpc::Channel> channel_;
};

// The names of a list's rows.
template <typename Rows>
std::vector<std::string> NamesOf(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.name());
  return names;
}

}  // namespace boardloop
