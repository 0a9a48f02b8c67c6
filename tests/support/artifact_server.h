// A coordinator that has artifacts only, on a port of this machine. It can be killed and started again.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/api/artifact_service.h"
#include "server/artifacts/artifact_files.h"
#include "tests/support/artifact_rows_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {

class ArtifactServer {
 public:
  explicit ArtifactServer(ArtifactFiles::Options options = {}) : options_(std::move(options)) {
    Start();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 10);
    // A small window that does not grow: a server that is killed has not sent everything yet.
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
  }
  ~ArtifactServer() { Kill(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  ArtifactFiles& files() { return *files_; }
  const TestFolder& folder() const { return folder_; }
  ArtifactRowsStore& store() { return store_; }

  // Cuts off every call. What was only in memory is lost.
  void Kill() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
    service_.reset();
    files_.reset();
  }

  void Start() {
    absl::StatusOr<std::unique_ptr<ArtifactFiles>> files =
        ArtifactFiles::Create(folder_.path(), store_, options_);
    ASSERT_THAT(files, IsOk());
    files_ = *std::move(files);
    service_ = std::make_unique<ArtifactService>(*files_);
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // Here for what it receives.
    builder.AddListeningPort(address(), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  // Returns when the channel has found the server again.
  void Restart() {
    Kill();
    Start();
    ASSERT_TRUE(channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(60))));
  }

 private:
  const TestFolder folder_;
  ArtifactRowsStore store_;
  const ArtifactFiles::Options options_;
  int port_ = 0;  // 0: any that is free; after the first start, always the same.
  std::unique_ptr<ArtifactFiles> files_;
  std::unique_ptr<ArtifactService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace boardloop
