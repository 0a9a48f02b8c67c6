#include "server/coordinator.h"

#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "cli/client/certificate_metrics.h"
#include "cli/client/channel.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "glog/logging.h"
#include "google/protobuf/message.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "server/api/admin_service.h"
#include "server/api/artifact_service.h"
#include "server/api/board_service.h"
#include "server/api/measure_service.h"
#include "server/api/search_service.h"
#include "server/api/security_service.h"
#include "server/api/task_service.h"
#include "server/artifacts/artifact_files.h"
#include "server/metrics/server_metrics.h"
#include "server/pages/pages.h"
#include "server/search/measurement_jobs.h"
#include "server/search/search_engine.h"
#include "server/search/task_router.h"
#include "server/security/server_tls.h"
#include "server/store/file_system.h"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kCollect = absl::Minutes(10);
constexpr absl::Duration kGrace = absl::Seconds(5);
constexpr int kMaxMessage =
    64 << 20;  // Artifacts come in pieces; measurements with many operators do not.

// Streams go on when a connection has its age; what calls next connects anew, with the certificate it has by then.
constexpr int kConnectionAgeMs = 30 * 60 * 1000;

absl::Status CheckAddress(const Coordinator::Options& options) {
  BL_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(options.address));
  if (options.tls || IsLoopback(parsed.host)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the address %s can be reached from other machines, and without --tls connections are "
      "neither encrypted nor authenticated: `serve --listen %s --tls` serves it "
      "(docs/security.md)",
      options.address, options.address));
}

// The names that were given, and the one that is listened at, where it is one.
std::vector<std::string> HostsOf(const Coordinator::Options& options) {
  std::vector<std::string> hosts = options.hostnames;
  std::string host = ParseHostPort(options.address)->host;
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host != "0.0.0.0" && host != "::") hosts.push_back(host);
  return hosts;
}

// Whose calls are counted.
std::vector<std::string> Services() {
  return {v1::SearchService::service_full_name(),   v1::BoardService::service_full_name(),
          v1::MeasureService::service_full_name(),  v1::TaskService::service_full_name(),
          v1::ArtifactService::service_full_name(), v1::AdminService::service_full_name(),
          v1::SecurityService::service_full_name()};
}

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return FileError(error.value(), "making the state folder", folder);
}

}  // namespace

std::string AddressFileIn(const std::string& state_folder) { return state_folder + "/address"; }

class Coordinator::Parts {
 public:
  explicit Parts(const Options& options)
      : options_(options),
        clock_(options.clock != nullptr ? *options.clock : system_clock_),
        metrics_(options.metrics != nullptr ? *options.metrics : unseen_metrics_, clock_,
                 options.state_folder, Services()),
        jobs_(clock_),
        router_(nullptr) {
    options_.scheduler.observer = &metrics_.tasks();
  }

  absl::StatusOr<std::string> Start() {
    BL_RETURN_IF_ERROR(CheckAddress(options_));
    BL_RETURN_IF_ERROR(MakeFolder(options_.state_folder));
    SqliteStore::Options store_options;
    store_options.on_commit = [this](const CommitStats& stats) {
      metrics_.store().Committed(stats);
    };
    BL_ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                        SqliteStore::Open(options_.state_folder + "/boardloop.db", store_options));
    store_ = metrics_.store().Watch(std::move(store));
    BL_ASSIGN_OR_RETURN(artifacts_, ArtifactFiles::Create(options_.state_folder + "/artifacts",
                                                          *store_, ArtifactFiles::Options()));
    engine_ =
        std::make_unique<SearchEngine>(*store_, clock_, options_.threads, &metrics_.searches());
    router_ = std::make_unique<TaskRouter>(*engine_, jobs_);
    scheduler_ = std::make_unique<Scheduler>(*store_, clock_, *router_, options_.scheduler);
    engine_->Connect(*scheduler_, *artifacts_);
    jobs_.Connect(*scheduler_);
    BL_RETURN_IF_ERROR(scheduler_->Load());
    BL_RETURN_IF_ERROR(engine_->Start());
    if (options_.tls) {
      BL_ASSIGN_OR_RETURN(
          tls_, ServerTls::Create(options_.state_folder, HostsOf(options_), *store_, clock_));
      if (options_.metrics != nullptr) AddCertificateMetrics(*options_.metrics, tls_->folder());
    }
    pages_ = std::make_unique<Pages>(*store_, *engine_, *artifacts_, metrics_.slots(), clock_);
    metrics_.Connect(*store_, *engine_);
    BL_ASSIGN_OR_RETURN(const std::string address, Serve());
    // For `boardloop-server backup`, which finds us by the folder.
    BL_RETURN_IF_ERROR(WriteFileAtomically(AddressFileIn(options_.state_folder), address + "\n"));
    ticker_ = std::thread([this] { Tick(); });
    return address;
  }

  ~Parts() {
    metrics_.Disconnect();
    stopping_ = true;
    if (server_ != nullptr) {
      server_->GetHealthCheckService()->SetServingStatus(false);
      server_->Shutdown(absl::ToChronoTime(absl::Now() + kGrace));
    }
    if (!stop_.HasBeenNotified()) stop_.Notify();
    if (ticker_.joinable()) ticker_.join();
    if (engine_ != nullptr) engine_->Stop();
  }

  HttpAnswer Page(const std::string& path) { return pages_->Answer(path); }

 private:
  absl::StatusOr<std::string> Serve() {
    const auto stopping = [this] { return stopping_.load(); };
    search_service_ = std::make_unique<SearchService>(*store_, *engine_, clock_, stopping);
    board_service_ = std::make_unique<BoardService>(*store_, *scheduler_, clock_);
    measure_service_ =
        std::make_unique<MeasureService>(*store_, jobs_, *scheduler_, clock_, stopping);
    task_service_ = std::make_unique<TaskService>(*scheduler_);
    artifact_service_ = std::make_unique<ArtifactService>(*artifacts_);
    admin_service_ = std::make_unique<AdminService>(*store_);
    security_service_ = std::make_unique<SecurityService>(tls_.get(), *store_, clock_);

    grpc::EnableDefaultHealthCheckService(true);
    google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(
        options_.address,
        tls_ != nullptr ? tls_->MakeCredentials() : grpc::InsecureServerCredentials(), &port);
    if (tls_ != nullptr) {
      builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kConnectionAgeMs);
    }
    // Another process on our port would get half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(kMaxMessage);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
        interceptors;
    interceptors.push_back(metrics_.rpc().Interceptors());
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    builder.RegisterService(search_service_.get());
    builder.RegisterService(board_service_.get());
    builder.RegisterService(measure_service_.get());
    builder.RegisterService(task_service_.get());
    builder.RegisterService(artifact_service_.get());
    builder.RegisterService(admin_service_.get());
    builder.RegisterService(security_service_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s cannot be listened on: is another coordinator running there?", options_.address));
    }
    return absl::StrCat(options_.address.substr(0, options_.address.rfind(':')), ":", port);
  }

  void Tick() {
    absl::Duration collected = clock_.Steady();
    while (!stop_.WaitForNotificationWithTimeout(kTick)) {
      const absl::Status ticked = scheduler_->Tick();
      if (!ticked.ok()) LOG(ERROR) << "leases: " << ticked;
      const absl::Status renewed = tls_ != nullptr ? tls_->Tick() : absl::OkStatus();
      if (!renewed.ok()) LOG(ERROR) << renewed;
      if (clock_.Steady() - collected < kCollect) continue;
      collected = clock_.Steady();
      const auto garbage = artifacts_->CollectGarbage();
      if (!garbage.ok()) LOG(ERROR) << "artifacts: " << garbage.status();
    }
    const absl::Status kept = tls_ != nullptr ? tls_->Tick() : absl::OkStatus();
    if (!kept.ok()) LOG(ERROR) << kept;
  }

  Options options_;
  const SystemClock system_clock_;
  const Clock& clock_;
  Metrics unseen_metrics_{"boardloop-server", ""};  // Where nobody asks for any.
  ServerMetrics metrics_;
  std::atomic<bool> stopping_{false};
  absl::Notification stop_;

  std::unique_ptr<Store> store_;
  std::unique_ptr<ArtifactFiles> artifacts_;
  MeasurementJobs jobs_;
  std::unique_ptr<SearchEngine> engine_;
  std::unique_ptr<TaskRouter> router_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Pages> pages_;
  std::unique_ptr<SearchService> search_service_;
  std::unique_ptr<BoardService> board_service_;
  std::unique_ptr<MeasureService> measure_service_;
  std::unique_ptr<TaskService> task_service_;
  std::unique_ptr<ArtifactService> artifact_service_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<ServerTls> tls_;  // nullptr: without.
  std::unique_ptr<SecurityService> security_service_;
  std::unique_ptr<grpc::Server> server_;
  std::thread ticker_;
};

Coordinator::Coordinator() = default;

Coordinator::~Coordinator() { Stop(); }

void Coordinator::Stop() { parts_.reset(); }

HttpAnswer Coordinator::Page(const std::string& path) { return parts_->Page(path); }

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const Options& options) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator());
  coordinator->parts_ = std::make_unique<Parts>(options);
  BL_ASSIGN_OR_RETURN(coordinator->address_, coordinator->parts_->Start());
  return coordinator;
}

}  // namespace boardloop
