// boardloop-worker serve: this machine as a member of a farm.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/client/artifact_cache.h"
#include "cli/client/artifact_client.h"
#include "cli/client/certificate_metrics.h"
#include "cli/client/channel.h"
#include "cli/client/identity_renewal.h"
#include "cli/client/member_identity.h"
#include "cli/client/member_metrics.h"
#include "cli/http/metrics_endpoint.h"
#include "cli/options.h"
#include "core/base/status.h"
#include "core/base/stop_signal.h"
#include "core/base/text.h"
#include "worker/command.h"
#include "worker/flags.h"
#include "worker/service/worker_metrics.h"
#include "worker/service/worker_service.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Trains and scores for a coordinator";

constexpr char kNotes[] =
    R"(The worker asks the coordinator for tasks, never the other way round: it trains super-networks, scores their
subnets, and turns the best ones into int8 models. While the coordinator is away, work goes on.

It offers the data sets that searches ask for and that are on this machine, at the same path. --data-root
restricts which folders are looked at.

A killed worker loses at most --checkpoint-seconds of training: the run goes on here or elsewhere, and on a CPU ends
with the same bits.

SIGTERM or Ctrl-C: nothing new is taken; training is handed back with its checkpoint, other work is finished, or
handed back after --drain-seconds. A second signal ends the process at once.

Examples:
  boardloop-worker serve
  boardloop-worker serve --server 127.0.0.1:7411 --name trainer-2 --data-root /srv/datasets
  boardloop-worker serve --server lab.example.org:7411 --join-token-file token.txt
)";

constexpr int64_t kMaxArtifactBytes = int64_t{8} << 30;  // As checkpoints.
// A coordinator that is away for ten minutes fails no task: 60 times at most 10 s.
constexpr int kTransferAttempts = 60;

struct Flags {
  MemberFlags member;
  std::string state;
  std::vector<std::string> data_roots;
  int32_t drain_seconds = 20;  // Kubernetes kills after 30.
  double checkpoint_seconds = 30;
  std::optional<std::string> metrics_listen;
  DeviceFlags device;
};

void Log(const std::string& line) {
  std::fprintf(stderr, "%s  %s\n",
               absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()).c_str(),
               Printable(line).c_str());
}

std::string DefaultFolder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return absl::StrCat(state, "/boardloop/worker");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr ? home : ".", "/.local/state/boardloop/worker");
}

absl::StatusOr<ArtifactAccess> OpenArtifacts(const std::shared_ptr<grpc::Channel>& channel,
                                             const std::string& address,
                                             const std::string& folder) {
  ArtifactClient::Options options;
  options.address = address;
  options.attempts = kTransferAttempts;
  const auto client = std::make_shared<ArtifactClient>(channel, std::move(options));
  BL_ASSIGN_OR_RETURN(ArtifactCache opened, ArtifactCache::Open(folder, ArtifactCache::Options()));
  // Shared by the two functions.
  const auto cache = std::make_shared<const ArtifactCache>(std::move(opened));
  ArtifactAccess access;
  access.read = [client, cache](const std::string& name, Cancellation& cancellation) {
    TransferOptions transfer;
    transfer.cancellation = &cancellation;
    return cache->Read(*client, name, kMaxArtifactBytes, transfer);
  };
  access.write = [client](const std::string& bytes, Cancellation& cancellation) {
    TransferOptions transfer;
    transfer.cancellation = &cancellation;
    return client->UploadBytes(bytes, transfer);
  };
  return access;
}

// What it shows of itself, and where.
struct Shown {
  explicit Shown(const WorkerMetrics::Options& options)
      : member(metrics), worker(metrics, clock, options) {}

  const SystemClock clock{};
  Metrics metrics{"boardloop-worker", BOARDLOOP_VERSION};
  MemberMetrics member;
  WorkerMetrics worker;
  std::unique_ptr<MetricsEndpoint> endpoint;  // Last: it renders what stands above.
};

absl::StatusOr<std::unique_ptr<Shown>> ShowMetrics(const Flags& flags, const std::string& state,
                                                   const std::string& identity) {
  BL_ASSIGN_OR_RETURN(const ComputeDevice device, DeviceFromFlags(flags.device));
  auto shown = std::make_unique<Shown>(WorkerMetrics::Options{
      DeviceText(device, flags.device.threads), [device] { return MemoryOf(device); }});
  if (!identity.empty()) AddCertificateMetrics(shown->metrics, identity);
  const MetricsEndpoint::Options options{flags.metrics_listen, kWorkerMetrics, state, {}, Log};
  BL_ASSIGN_OR_RETURN(shown->endpoint, MetricsEndpoint::Start(options, shown->metrics));
  LogAddress(*shown->endpoint, Log);
  return shown;
}

absl::Status RunServe(const Flags& flags) {
  const std::string state = flags.state.empty() ? DefaultFolder() : flags.state;
  BL_ASSIGN_OR_RETURN(const MemberTarget member, PrepareMember(flags.member, v1::Identity::WORKER,
                                                               "worker", state + "/identity", Log));
  for (const std::string& root : flags.data_roots) {
    std::error_code error;
    if (std::filesystem::is_directory(root, error)) continue;
    Log(absl::StrCat("--data-root ", root, " is no folder here: data sets below it are offered ",
                     "once it is there"));
  }
  const Target& target = member.target;
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                      OpenChannel(target.address, target.identity));
  std::optional<IdentityRenewal> renewal;
  if (!target.identity.empty()) renewal.emplace(channel, target.identity, Log);
  BL_ASSIGN_OR_RETURN(ArtifactAccess artifacts,
                      OpenArtifacts(channel, target.address, state + "/artifacts"));
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Shown> shown,
                      ShowMetrics(flags, state, target.identity));
  WorkerService::Options options;
  options.observer = &shown->worker;
  options.member_observer = &shown->member;
  options.address = target.address;
  options.identity = target.identity;
  options.member = member.member;
  options.device = flags.device;
  options.state_folder = state;
  options.data_roots = flags.data_roots;
  options.checkpoint_interval = absl::Seconds(flags.checkpoint_seconds);
  options.drain = absl::Seconds(flags.drain_seconds);
  options.log = Log;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<WorkerService> service,
                      WorkerService::Create(channel, std::move(artifacts), std::move(options)));
  const StopSignal stop([&] {
    Log("stopping: a second signal ends the process at once");
    service->Stop();
  });
  BL_RETURN_IF_ERROR(service->Run());
  Log("stopped");
  return absl::OkStatus();
}

}  // namespace

void AddServeCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("serve", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddMemberFlags(command, flags->member);
  command.add_option("--state", flags->state, "Folder of checkpoints and downloaded artifacts")
      ->type_name("DIR")
      ->default_str("~/.local/state/boardloop/worker");
  command
      .add_option("--data-root", flags->data_roots,
                  "Only data sets below this folder; may be repeated (default: any folder)")
      ->type_name("DIR");
  AddNumber(command, "--checkpoint-seconds", flags->checkpoint_seconds, 0, 86400,
            "Training is written, and uploaded, every so often");
  AddInteger(command, "--drain-seconds", flags->drain_seconds, 0, 3600,
             "Time for what runs when told to stop");
  AddMetricsListen(command, flags->metrics_listen, kWorkerMetrics);
  AddDeviceFlags(command, flags->device);
  command.callback([flags, &action] { action = [flags] { return RunServe(*flags); }; });
}

}  // namespace boardloop
