// The device agent as a member of a farm: its boards, and the coordinator's tasks for them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/client/identity_renewal.h"
#include "cli/client/member_loop.h"
#include "core/base/cancellation.h"
#include "device-agent/service/agent_metrics.h"
#include "device-agent/service/board_worker.h"

namespace boardloop {

class AgentService : public MemberHandler {
 public:
  struct Options {
    std::string address;   // Of the coordinator.
    std::string identity;  // Our folder; empty: none, and no TLS.
    std::string member;    // "members/{member}"
    std::vector<BenchBoard> boards;
    std::string state_folder;
    std::string cache_folder;  // Of compiled firmware.
    absl::Duration drain = absl::Seconds(30);
    std::function<void(const std::string& line)> log;
    // Not owned; may be null.
    AgentMetrics* metrics = nullptr;
    MemberObserver* member_observer = nullptr;
  };

  // Opens the boards, each with threads of its own.
  //
  // NOT_FOUND         no compiler, no firmware sources, or no such board type
  // and others of OpenChannel
  // INVALID_ARGUMENT  a board type that cannot be measured on
  static absl::StatusOr<std::unique_ptr<AgentService>> Create(const Options& options);
  ~AgentService() override;

  absl::Status Run() { return loop_->Run(); }  // Until Stop().
  void Stop() { loop_->Stop(); }               // Thread-safe.

  void Describe(v1::SynchronizeRequest& request) override;
  void Begin(const v1::Grant& grant) override;
  void GiveUp(const std::string& task, int64_t epoch) override;
  void TakeOrders(const v1::SynchronizeResponse& response) override;

 private:
  AgentService() = default;

  Cancellation transfers_;  // Of the boards; when we end, nobody needs what they fetch.
  std::unique_ptr<IdentityRenewal> renewal_;  // nullptr: without an identity.
  std::unique_ptr<MemberLoop> loop_;
  std::map<std::string, std::unique_ptr<BoardWorker>> boards_;  // By "boards/{board}".
};

}  // namespace boardloop
