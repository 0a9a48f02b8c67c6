// A coordinator in small, over real gRPC on a port of this machine: it leases the tasks it is given, and fails as told.
//
// It counts tasks as the real one does (epochs, acknowledged results, `keep`), has no store and no clock, and does not lose leases by
// itself: a test takes them away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "core/base/mutex.h"
#include "grpcpp/impl/codegen/service_type.h"
#include "grpcpp/server.h"
#include "grpcpp/support/status.h"

namespace boardloop {

// Thread-safe. Each Await... blocks until what it waits for is so, and fails the test after a minute.
class ScriptedTaskService : public v1::TaskService::Service {
 public:
  // `other` is served at the same port; not owned, may be null.
  explicit ScriptedTaskService(grpc::Service* other = nullptr);
  ~ScriptedTaskService() override;

  std::string address() const;  // "127.0.0.1:PORT"

  // Queues a task and returns its name. It is granted to a caller that has `dataset`, if it is not empty.
  std::string Queue(const v1::TaskPayload& payload, const std::string& dataset = "");
  // The holder has it no longer; it is queued anew, or not.
  void TakeAway(const std::string& task, bool queue_again);

  // The next `calls` fail: before anything happens, or after all has happened, the reply being lost.
  void FailCalls(int calls, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);
  void LoseReplies(int calls);
  // The process goes and comes back at the same port, with what it knows.
  void GoAway();
  void ComeBack();

  struct Task {
    v1::TaskPayload payload;
    std::string dataset;
    bool queued = true;
    bool ended = false;  // Has a result that counts.
    int64_t epoch = 0;
    std::string holder;      // Member and instance; empty: nobody.
    std::string checkpoint;  // The newest that was told of.
    v1::TaskProgress progress;
    std::vector<v1::TaskResult> results;  // Of each epoch that had one; repeated ones once.
    int returned = 0;                     // Results RETURNED, after which it is queued again.
  };
  Task Get(const std::string& task) const;
  void Await(const std::string& task, const std::function<bool(const Task&)>& condition) const;
  v1::TaskResult AwaitResult(const std::string& task) const;
  void AwaitCalls(int calls) const;  // So many more that were answered.
  v1::SynchronizeRequest LastRequest() const;

  grpc::Status Synchronize(grpc::ServerContext* context, const v1::SynchronizeRequest* request,
                           v1::SynchronizeResponse* response) override;

 private:
  void Start();
  void TakeFinished(const v1::SynchronizeRequest& request, v1::SynchronizeResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeHeld(const v1::SynchronizeRequest& request, v1::SynchronizeResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GrantTasks(const v1::SynchronizeRequest& request, v1::SynchronizeResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  grpc::Service* const other_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;

  mutable Mutex mu_;
  std::map<std::string, Task> tasks_ ABSL_GUARDED_BY(mu_);
  int fail_calls_ ABSL_GUARDED_BY(mu_) = 0;
  grpc::StatusCode fail_code_ ABSL_GUARDED_BY(mu_) = grpc::StatusCode::UNAVAILABLE;
  int lose_replies_ ABSL_GUARDED_BY(mu_) = 0;
  int calls_ ABSL_GUARDED_BY(mu_) = 0;  // Answered.
  v1::SynchronizeRequest last_request_ ABSL_GUARDED_BY(mu_);
};

}  // namespace boardloop
