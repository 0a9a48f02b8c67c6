#include "cli/doctor/local_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/http/http_server.h"
#include "core/base/files.h"
#include "core/base/unique_fd.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

TEST(LocalHostTest, ProgramsAreFoundInPath) {
  const LocalHost host;
  const std::string shell = host.Find("sh");
  EXPECT_EQ(shell.substr(shell.rfind('/')), "/sh");
  EXPECT_EQ(host.Find("no-such-program-of-boardloop"), "");
  const auto output = host.Run({shell, "-c", "echo there; exit 3"});
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->out, "there\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(LocalHostTest, AFolderHasADisk) {
  const LocalHost host;
  const TestFolder folder;
  EXPECT_TRUE(host.Exists(folder.path()));
  EXPECT_TRUE(host.MayWrite(folder.path()));
  EXPECT_FALSE(host.Exists(folder.Path("none")));
  const auto disk = host.Disk(folder.path());
  ASSERT_THAT(disk, IsOk());
  EXPECT_GT(disk->free_bytes, 0);
  EXPECT_NE(disk->filesystem, "");
  EXPECT_THAT(host.Disk(folder.Path("none")), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(LocalHostTest, WhatEverybodyMayReadIsSeenByFileAndFolder) {
  const LocalHost host;
  const TestFolder folder;
  const std::string file = folder.Path("key.pem");
  ASSERT_THAT(WriteFileAtomically(file, "key"), IsOk());
  const auto seen = [&](mode_t of_folder, mode_t of_file) {
    EXPECT_EQ(chmod(folder.path().c_str(), of_folder), 0);
    EXPECT_EQ(chmod(file.c_str(), of_file), 0);
    return host.AnybodyMayRead(file);
  };
  EXPECT_TRUE(seen(0755, 0644));
  EXPECT_FALSE(seen(0700, 0644));
  EXPECT_FALSE(seen(0755, 0640));
  EXPECT_FALSE(host.AnybodyMayRead(folder.Path("none")));
}

TEST(LocalHostTest, APortIsTakenWhileSomebodyListens) {
  const LocalHost host;
  int port = 0;
  {
    const auto server = HttpServer::Start("127.0.0.1:0", [](const std::string& path) {
      return HttpAnswer{path == "/there" ? 200 : 404, "text/plain", "body"};
    });
    ASSERT_THAT(server, IsOk());
    const std::string address = (*server)->address();
    ASSERT_TRUE(absl::SimpleAtoi(address.substr(address.find(':') + 1), &port));
    EXPECT_FALSE(host.PortIsFree(port));
    EXPECT_EQ(host.Fetch(address, "/there").value_or(""), "body");
    EXPECT_THAT(host.Fetch(address, "/other"), StatusIs(absl::StatusCode::kNotFound));
  }
  EXPECT_TRUE(host.PortIsFree(port));
}

TEST(LocalHostTest, SomebodyWhoSaysNothingIsNoCoordinator) {
  const UniqueFd silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* where = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(silent.get(), where, size), 0);
  ASSERT_EQ(listen(silent.get(), 4), 0);
  ASSERT_EQ(getsockname(silent.get(), where, &size), 0);
  const Target target{absl::StrCat("127.0.0.1:", ntohs(address.sin_port)), ""};
  EXPECT_THAT(LocalHost().AskCoordinator(target), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace boardloop
