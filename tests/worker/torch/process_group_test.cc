// Several processes that train together, over Gloo and the loopback interface.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

// A port that nobody has just now.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

class ProcessGroupTest : public testing::Test {
 protected:
  ProcessGroupTest() {
    std::string pattern = testing::TempDir() + "boardloop-group-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ProcessGroupTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Runs a member for each of `whats` and returns what they wrote.
  std::vector<std::string> RunMembers(const std::vector<std::string>& whats) {
    const int port = FreePort();
    std::vector<ChildProcess> members;
    for (size_t rank = 0; rank < whats.size(); ++rank) {
      absl::StatusOr<ChildProcess> member = ChildProcess::Start(
          {"/usr/bin/env", absl::StrCat("RANK=", rank), absl::StrCat("WORLD_SIZE=", whats.size()),
           "MASTER_ADDR=127.0.0.1", absl::StrCat("MASTER_PORT=", port), GROUP_MEMBER, whats[rank],
           FileOf(rank)},
          {});
      EXPECT_THAT(member, IsOk());
      members.push_back(std::move(*member));
    }
    std::vector<std::string> results;
    for (size_t rank = 0; rank < whats.size(); ++rank) {
      while (members[rank].Running()) usleep(1000);
      EXPECT_EQ(members[rank].exit_code(), 0);
      std::ostringstream content;
      content << std::ifstream(FileOf(rank), std::ios::binary).rdbuf();
      results.push_back(content.str());
    }
    return results;
  }

  // A member alone, with these variables.
  std::string RunAlone(std::vector<std::string> variables) {
    std::vector<std::string> argv = {"/usr/bin/env"};
    argv.insert(argv.end(), variables.begin(), variables.end());
    argv.insert(argv.end(), {GROUP_MEMBER, "sum", FileOf(0)});
    EXPECT_THAT(RunProcess(argv, "", {}), IsOk());
    std::ostringstream content;
    content << std::ifstream(FileOf(0)).rdbuf();
    return content.str();
  }

 private:
  std::string FileOf(size_t rank) const { return absl::StrCat(folder_, "/", rank); }
  std::string folder_;
};

TEST_F(ProcessGroupTest, SumsOverAllMembers) {
  EXPECT_THAT(RunMembers({"sum", "sum", "sum"}), testing::Each("6.000000"));
}

TEST_F(ProcessGroupTest, TwoProcessesOnHalfBatchesTrainAsOneOnTheWhole) {
  const std::vector<std::string> one = RunMembers({"train"});
  const std::vector<std::string> two = RunMembers({"train", "train"});
  ASSERT_GT(one[0].size(), 1000);
  // A batch is two micro-batches: the sum of two gradients has one order. Bit for bit.
  EXPECT_EQ(two[0], one[0]);
  EXPECT_EQ(two[1], one[0]);
}

TEST_F(ProcessGroupTest, AMemberThatLeavesIsAnError) {
  const std::vector<std::string> results = RunMembers({"stay", "leave"});
  EXPECT_THAT(results[0], AnyOf(HasSubstr("UNAVAILABLE"), HasSubstr("DEADLINE_EXCEEDED")));
}

TEST_F(ProcessGroupTest, VariablesThatMakeNoSenseAreNamed) {
  EXPECT_THAT(RunAlone({"RANK=0"}), HasSubstr("WORLD_SIZE is not set"));
  EXPECT_THAT(RunAlone({"RANK=two", "WORLD_SIZE=2"}), HasSubstr("RANK is \"two\""));
  EXPECT_THAT(RunAlone({"RANK=2", "WORLD_SIZE=2"}), HasSubstr("RANK is \"2\""));
  EXPECT_THAT(RunAlone({"RANK=1", "WORLD_SIZE=2", "MASTER_PORT=99999"}), HasSubstr("MASTER_PORT"));
  EXPECT_THAT(RunAlone({"RANK=1", "WORLD_SIZE=2", "MASTER_PORT=4000"}), HasSubstr("MASTER_ADDR"));
  EXPECT_EQ(RunAlone({}), "1.000000");
}

}  // namespace
}  // namespace boardloop
