// pyOCD's remote probe protocol, line by line. The tests of the agent's probes use pyOCD itself.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "nlohmann/json.hpp"
#include "tests/device-agent/virtual/vboard_process.h"

namespace boardloop::vboard {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class PyocdRemoteTest : public testing::Test {
 protected:
  void SetUp() override {
    board_ = std::make_unique<VboardProcess>(
        std::vector<std::string>{"--type", "virtual-stm32f405", "--state", dir_.path(), "--pyocd",
                                 "0", "--uid", "0102030405060708090a0b0c"});
    ASSERT_TRUE(board_->ready()) << board_->Errors();
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(board_->Number("pyocd_port")));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void TearDown() override { close(fd_); }

  void Send(const std::string& text) {
    ASSERT_EQ(send(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  std::string Receive() {
    std::string line;
    char c = 0;
    while (recv(fd_, &c, 1, 0) == 1 && c != '\n') line.push_back(c);
    return line;
  }
  json Ask(const std::string& request, const json& arguments = json::array()) {
    ++id_;
    Send(json{{"id", id_}, {"request", request}, {"arguments", arguments}}.dump() + "\n");
    json answer = json::parse(Receive(), nullptr, false);
    EXPECT_EQ(answer.value("id", -1), id_);
    return answer;
  }

  TestDir dir_;
  std::unique_ptr<VboardProcess> board_;
  int fd_ = -1;
  int id_ = 0;
};

TEST_F(PyocdRemoteTest, ProbeHasTheBoardsNames) {
  EXPECT_EQ(Ask("hello", {1})["status"], 0);
  EXPECT_EQ(Ask("readprop", {"unique_id"})["result"], "0102030405060708090a0b0c");
  EXPECT_EQ(Ask("readprop", {"product_name"})["result"], "virtual-stm32f405");
  EXPECT_EQ(Ask("connect", {"SWD"})["status"], 0);
  EXPECT_EQ(Ask("readprop", {"wire_protocol"})["result"], "SWD");
  EXPECT_EQ(Ask("read_dp", {0})["result"], 0x2ba01477);
}

TEST_F(PyocdRemoteTest, OtherVersionOfTheProtocolIsRefused) {
  EXPECT_NE(Ask("hello", {2})["status"], 0);
}

TEST_F(PyocdRemoteTest, BlocksOfMemoryAreWrittenAndRead) {
  const json handle = Ask("get_memory_interface_for_ap", {1, 0})["result"];
  const json words = {1, 0xffffffff, 3};
  EXPECT_EQ(Ask("write_block32", {handle, 0x20000100, words})["status"], 0);
  EXPECT_EQ(Ask("read_block32", {handle, 0x20000100, 3})["result"], words);
  EXPECT_EQ(Ask("read_block8", {handle, 0x20000103, 3})["result"], json({0, 0xff, 0xff}));
  EXPECT_EQ(Ask("read_mem", {handle, 0x20000108, 16})["result"], 3);
}

TEST_F(PyocdRemoteTest, FaultsAreTransferFaultsAndLeaveTheLinkUsable) {
  for (const uint32_t address : {0x60000000u, 0x2001fffeu, 0x20020000u}) {
    EXPECT_EQ(Ask("read_mem", {0, address, 32})["status"], 12) << address;
  }
  EXPECT_EQ(Ask("write_ap", {4, 0x60000000})["status"], 0);
  EXPECT_EQ(Ask("read_ap", {12})["status"], 12);
  EXPECT_EQ(Ask("write_ap", {4, 0x20000000})["status"], 0);
  EXPECT_EQ(Ask("read_ap", {12})["status"], 0);
}

TEST_F(PyocdRemoteTest, UnknownRequestIsAnError) {
  EXPECT_THAT(Ask("levitate")["error"], HasSubstr("unknown request"));
}

TEST_F(PyocdRemoteTest, WhatIsNoRequestEndsTheConnection) {
  Send("this is not JSON\n");
  EXPECT_EQ(Receive(), "");
}

}  // namespace
}  // namespace boardloop::vboard
