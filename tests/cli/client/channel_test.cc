#include "cli/client/channel.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

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

TEST(ChannelTest, OtherHostsAreRefused) {
  for (const char* address : {"example.org:7411", "192.168.0.1:7411", "0.0.0.0:7411"}) {
    EXPECT_THAT(OpenChannel(address), StatusIs(absl::StatusCode::kFailedPrecondition)) << address;
  }
}

}  // namespace
}  // namespace boardloop
