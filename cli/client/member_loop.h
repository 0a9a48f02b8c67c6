// How a worker or a device agent talks to the coordinator: one loop of Synchronize calls.
//
// Invariants:
//   (1) One call at a time; what happened since is in the next one.
//   (2) A result is repeated until it is acknowledged, over any number of lost calls and restarts of the coordinator.
//   (3) A task that the coordinator no longer counts as ours is given up (Handler::GiveUp) and its result is dropped.
//   (4) While the coordinator is away work goes on; calls back off to 5 s, with jitter, so that a farm does not
//       come back all at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "core/base/mutex.h"
#include "core/base/random.h"
#include "grpcpp/channel.h"

namespace boardloop {

// What a member does with what it is told. Called on the loop's thread; must return soon: work happens elsewhere.
class MemberHandler {
 public:
  virtual ~MemberHandler() = default;
  // Fills in what the member can do now: capacity, data sets, boards.
  virtual void Describe(v1::SynchronizeRequest& request) = 0;
  virtual void Begin(const v1::Grant& grant) = 0;
  // The task is not ours any more: stop it. Finish() for it is ignored.
  virtual void GiveUp(const std::string& task, int64_t epoch) = 0;
  virtual void TakeOrders(const v1::SynchronizeResponse& response) = 0;
};

// Who looks at how calls end. Called on the loop's thread.
class MemberObserver {
 public:
  virtual ~MemberObserver() = default;
  // `status` is that of the call; OK: it was answered. It took `duration`, without the wait for a connection.
  virtual void Synchronized(const absl::Status& status, absl::Duration duration) = 0;
};

class MemberLoop {
 public:
  struct Options {
    std::string member;  // "members/NAME"
    v1::Member::Kind kind = v1::Member::WORKER;
    std::string device;
    std::string address;                            // Of the coordinator, for messages.
    absl::Duration drain = absl::Seconds(10);       // What is not done by then is handed back.
    absl::Duration look_again = absl::Seconds(30);  // While cut off: for the reason.
    uint64_t seed = 0;     // Of the jitter and the instance; 0: from the clock.
    std::string identity;  // Its folder, for messages; empty: none.
    // Lines for people: connected, cut off, refused. May be empty.
    std::function<void(const std::string& line)> log;
    MemberObserver* observer = nullptr;  // Not owned.
  };

  MemberLoop(const std::shared_ptr<grpc::Channel>& channel, MemberHandler& handler,
             Options options);

  // Runs until Stop(), and then until the work is done or handed back.
  //
  // FAILED_PRECONDITION, INVALID_ARGUMENT  the coordinator refuses us: another version, a wrong name
  // UNAUTHENTICATED, PERMISSION_DENIED     our identity has expired, was revoked, or is another member's
  absl::Status Run();

  // Thread-safe, all that follow. Take nothing new, finish what is there.
  void Stop();
  bool stopping() const;
  // What comes of a task that Begin() was called with.
  void Finish(const std::string& task, int64_t epoch, v1::TaskResult result);
  void SetProgress(const std::string& task, int64_t epoch, v1::TaskProgress progress);
  // Something else to say: call soon.
  void Wake();

 private:
  struct Held {
    int64_t epoch = 0;
    v1::TaskProgress progress;
  };
  v1::SynchronizeRequest MakeRequest();
  void Take(const v1::SynchronizeRequest& request, const v1::SynchronizeResponse& response);
  void HandBack();
  void Sleep(absl::Duration duration);
  bool Idle() const;
  void Log(const std::string& line);

  const std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TaskService::Stub> stub_;
  MemberHandler& handler_;
  const Options options_;
  std::string instance_;
  Random random_;  // Of the loop's thread.

  mutable Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  absl::Time drain_end_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();
  std::map<std::string, Held> held_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::FinishedTask> finished_ ABSL_GUARDED_BY(mu_);  // Not acknowledged yet.
};

// The name of this machine with `suffix`, as "members/{host}-{suffix}": the same after a restart.
std::string DefaultMemberName(const std::string& suffix);

}  // namespace boardloop
