#include "cli/client/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "boardloop/v1/task_service.grpc.pb.h"
#include "cli/client/grpc_status.h"
#include "grpcpp/grpcpp.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

TEST(ChannelTest, LoopbackAddressesAreOpened) {
  for (const char* address : {"127.0.0.1:7411", "localhost:1", "[::1]:65535", "127.1.2.3:80"}) {
    EXPECT_THAT(OpenChannel(address), IsOk()) << address;
  }
}

TEST(ChannelTest, WhatIsNoAddressIsRefused) {
  for (const char* address :
       {"", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:x"}) {
    EXPECT_THAT(OpenChannel(address), StatusIs(absl::StatusCode::kInvalidArgument)) << address;
  }
}

TEST(ChannelTest, AnAddressIsHostAndPortWithoutAScheme) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort("[::1]:0");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->host, "[::1]");
  EXPECT_EQ(parsed->port, 0);
  EXPECT_THAT(ParseHostPort("http://127.0.0.1:1"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("begins with a scheme, http://: HOST:PORT is needed")));
  for (const char* address : {":1", "localhost:99999", "localhost:-1", "localhost:+1",
                              "localhost: 1", "localhost:99999999999999999999"}) {
    EXPECT_THAT(ParseHostPort(address), StatusIs(absl::StatusCode::kInvalidArgument)) << address;
  }
}

TEST(ChannelTest, OtherHostsAreRefused) {
  for (const char* address : {"example.org:7411", "192.168.0.1:7411", "0.0.0.0:7411"}) {
    EXPECT_THAT(OpenChannel(address), StatusIs(absl::StatusCode::kFailedPrecondition)) << address;
  }
}

// One that knows no call.
std::unique_ptr<grpc::Server> Listen(int& port) {
  static v1::TaskService::Service* const service = new v1::TaskService::Service();
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(service);
  return builder.BuildAndStart();
}

TEST(ChannelTest, AChannelThatWasRefusedIsConnectedWhenSomebodyListens) {
  int port = 0;
  ASSERT_NE(Listen(port), nullptr);  // Gone again: the port is free.
  const absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenChannel(absl::StrCat("127.0.0.1:", port));
  ASSERT_THAT(channel, IsOk());
  EXPECT_FALSE(AwaitConnection(**channel, absl::Milliseconds(50)));
  const std::unique_ptr<grpc::Server> server = Listen(port);
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(AwaitConnection(**channel, absl::Minutes(1)));
  // And a call goes through, to be refused by a server that does not know it.
  grpc::ClientContext context;
  SetDeadline(context, absl::Minutes(1));
  v1::SynchronizeResponse response;
  const auto stub = v1::TaskService::NewStub(*channel);
  EXPECT_THAT(FromGrpc(stub->Synchronize(&context, v1::SynchronizeRequest(), &response), ""),
              StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace boardloop
