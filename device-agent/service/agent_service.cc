#include "device-agent/service/agent_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/client/artifact_cache.h"
#include "cli/client/artifact_client.h"
#include "cli/client/channel.h"
#include "core/base/status.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/toolchain.h"

namespace boardloop {
namespace {

// As kTasksPerBoard of the scheduler: one runs, one is prepared.
constexpr int32_t kTasksPerBoard = 2;
constexpr int64_t kMaxArtifact = int64_t{256} << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<AgentService>> AgentService::Create(const Options& options) {
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                      OpenChannel(options.address, options.identity));
  BL_ASSIGN_OR_RETURN(const Toolchain toolchain, FindToolchain());
  Builder::Options build;
  build.cache_folder = options.cache_folder;
  BL_ASSIGN_OR_RETURN(build.source_folder, FindFirmwareSources());

  const auto client = std::make_shared<ArtifactClient>(channel);
  ArtifactAccess artifacts;
  std::unique_ptr<AgentService> service(new AgentService());
  TransferOptions transfer;
  transfer.cancellation = &service->transfers_;
  artifacts.read = [client, transfer](const std::string& name) {
    return client->Read(name, kMaxArtifact, transfer);
  };
  artifacts.write = [client, transfer](const std::string& bytes) {
    return client->UploadBytes(bytes, transfer);
  };

  MemberLoop::Options loop;
  loop.member = options.member;
  loop.kind = v1::Member::AGENT;
  loop.device = absl::StrCat(options.boards.size(), " boards");
  loop.address = options.address;
  loop.identity = options.identity;
  loop.drain = options.drain;
  loop.log = options.log;
  loop.observer = options.member_observer;
  if (!options.identity.empty()) {
    service->renewal_ = std::make_unique<IdentityRenewal>(channel, options.identity, options.log);
  }
  service->loop_ = std::make_unique<MemberLoop>(channel, *service, loop);

  AgentService* const raw = service.get();
  BoardWorker::Callbacks callbacks;
  callbacks.finish = [raw](const std::string& task, int64_t epoch, v1::TaskResult result) {
    raw->loop_->Finish(task, epoch, std::move(result));
  };
  callbacks.step = [raw](const std::string& task, int64_t epoch, const std::string& step) {
    v1::TaskProgress progress;
    progress.set_text(step);
    raw->loop_->SetProgress(task, epoch, std::move(progress));
  };
  callbacks.changed = [raw] { raw->loop_->Wake(); };
  callbacks.log = options.log;
  const std::string prefix =
      absl::StrCat(options.member.substr(std::string("members/").size()), "-");
  for (const BenchBoard& bench : options.boards) {
    BL_ASSIGN_OR_RETURN(BoardType type, LoadMeasurableType(bench.type));
    BoardWorker::Options board{
        bench,  std::move(type), {options.state_folder, {}}, Builder(toolchain, build),
        prefix, nullptr};
    if (options.metrics != nullptr) {
      board.observer = &options.metrics->Add(absl::StrCat(prefix, bench.name), bench.type);
    }
    auto worker = std::make_unique<BoardWorker>(std::move(board), artifacts, callbacks);
    service->boards_[worker->name()] = std::move(worker);
  }
  return service;
}

// Boards first: they call the loop. All are told before one is waited for.
AgentService::~AgentService() {
  transfers_.Cancel();
  for (const auto& [name, board] : boards_) board->Stop();
  boards_.clear();
}

void AgentService::Describe(v1::SynchronizeRequest& request) {
  for (const auto& [name, board] : boards_) *request.add_boards() = board->Report();
  request.set_capacity(kTasksPerBoard * static_cast<int32_t>(boards_.size()));
}

void AgentService::Begin(const v1::Grant& grant) {
  const auto board = boards_.find(grant.board());
  if (board != boards_.end() && grant.payload().has_measure()) {
    board->second->Add(grant);
    return;
  }
  v1::TaskResult result;
  result.set_outcome(v1::TaskResult::MEMBER_FAILED);
  result.set_message(absl::StrCat("this agent has no board ", grant.board(),
                                  ", or does not know this kind of task"));
  loop_->Finish(grant.task(), grant.epoch(), std::move(result));
}

void AgentService::GiveUp(const std::string& task, int64_t epoch) {
  for (const auto& [name, board] : boards_) board->GiveUp(task, epoch);
}

void AgentService::TakeOrders(const v1::SynchronizeResponse& response) {
  for (const v1::BoardOrder& order : response.orders()) {
    const auto board = boards_.find(order.board());
    if (board != boards_.end()) board->second->Check(order.check());
  }
}

}  // namespace boardloop
