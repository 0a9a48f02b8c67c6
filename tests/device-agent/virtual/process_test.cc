// The program as a process: its line, its exit codes, its end.
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/device-agent/virtual/vboard_process.h"

namespace boardloop::vboard {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr int kBadArguments = 2, kPortInUse = 3, kNoQemu = 4, kStateUnusable = 5;

std::vector<std::string> On(const std::string& state) {
  return {"--type", "virtual-stm32f405", "--state", state, "--stlink", "0"};
}

TEST(ProcessTest, ReadyLineNamesWhatOthersNeed) {
  TestDir dir;
  VboardProcess board({"--type", "virtual-stm32f746", "--state", dir.path(), "--stlink", "0",
                       "--rbb", "unix:" + dir.path() + "/rbb", "--pyocd", "0", "--uid",
                       "0102030405060708090a0B0C"});
  ASSERT_TRUE(board.ready()) << board.Errors();
  EXPECT_EQ(board.Text("type"), "virtual-stm32f746");
  EXPECT_EQ(board.Text("uid"), "0102030405060708090a0b0c");
  EXPECT_EQ(board.Number("pid"), board.pid());
  EXPECT_TRUE(ProcessExists(board.qemu_pid()));
  EXPECT_GT(board.Number("stlink_port"), 0);
  EXPECT_GT(board.Number("pyocd_port"), 0);
  EXPECT_EQ(board.Text("rbb"), "unix:" + dir.path() + "/rbb");
  EXPECT_EQ(board.Text("cycle_model"), "cortex-m7-modelled 1");
}

TEST(ProcessTest, UniqueIdIsKeptInTheStateFolder) {
  TestDir dir;
  std::string uid;
  for (int i = 0; i < 2; ++i) {
    VboardProcess board(On(dir.path()));
    ASSERT_TRUE(board.ready()) << board.Errors();
    if (i == 0) uid = board.Text("uid");
    EXPECT_EQ(board.Text("uid"), uid);
  }
  EXPECT_THAT(uid, MatchesRegex("[0-9a-f]{24}"));
}

TEST(ProcessTest, EndsWithQemuOnSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    TestDir dir;
    VboardProcess board(On(dir.path()));
    ASSERT_TRUE(board.ready()) << board.Errors();
    const pid_t qemu = board.qemu_pid();
    board.Signal(signal);
    EXPECT_EQ(board.Wait(), 0);
    EXPECT_FALSE(ProcessExists(qemu));
    EXPECT_FALSE(std::filesystem::exists(dir.path() + "/control"));
  }
}

TEST(ProcessTest, QemuDiesWithAKilledBoard) {
  TestDir dir;
  VboardProcess board(On(dir.path()));
  ASSERT_TRUE(board.ready()) << board.Errors();
  const pid_t qemu = board.qemu_pid();
  board.Signal(SIGKILL);
  EXPECT_EQ(board.Wait(), 128 + SIGKILL);
  EXPECT_TRUE(WaitForEnd(qemu));
  VboardProcess next(On(dir.path()));  // Neither lock nor socket is in its way.
  EXPECT_TRUE(next.ready()) << next.Errors();
}

TEST(ProcessTest, EndsWithItsParent) {
  TestDir dir;
  std::array<int, 2> pids;
  ASSERT_EQ(pipe(pids.data()), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    VboardProcess board(On(dir.path()));
    const pid_t found[] = {board.pid(), board.ready() ? board.qemu_pid() : -1};
    if (write(pids[1], found, sizeof found) < 0) _exit(1);
    kill(getpid(), SIGKILL);
  }
  pid_t found[2] = {-1, -1};
  ASSERT_EQ(read(pids[0], found, sizeof found), static_cast<ssize_t>(sizeof found));
  waitpid(parent, nullptr, 0);
  close(pids[0]);
  close(pids[1]);
  ASSERT_GT(found[1], 0);
  EXPECT_TRUE(WaitForEnd(found[0]));
  EXPECT_TRUE(WaitForEnd(found[1]));
}

TEST(ProcessTest, SecondProcessOnAStateFolderIsRefused) {
  TestDir dir;
  VboardProcess board(On(dir.path()));
  ASSERT_TRUE(board.ready()) << board.Errors();
  VboardProcess second(On(dir.path()));
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(second.Wait(), kStateUnusable);
  EXPECT_THAT(second.Errors(), HasSubstr("belongs to a board that is running"));
}

TEST(ProcessTest, PortInUseIsSaid) {
  TestDir dir, other;
  VboardProcess board(On(dir.path()));
  ASSERT_TRUE(board.ready()) << board.Errors();
  const std::string port = absl::StrCat(board.Number("stlink_port"));
  VboardProcess second({"--type", "virtual-stm32f405", "--state", other.path(), "--pyocd", port});
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(second.Wait(), kPortInUse);
  EXPECT_THAT(second.Errors(), HasSubstr("cannot listen on port " + port));
}

TEST(ProcessTest, FlashFileOfAnotherSizeIsRefusedAndNotTouched) {
  TestDir dir;
  std::ofstream(dir.path() + "/flash.bin") << "short";
  VboardProcess board(On(dir.path()));
  EXPECT_FALSE(board.ready());
  EXPECT_EQ(board.Wait(), kStateUnusable);
  EXPECT_THAT(board.Errors(), HasSubstr("it has 5 B, needed are 1048576"));
  EXPECT_EQ(std::filesystem::file_size(dir.path() + "/flash.bin"), 5);
}

TEST(ProcessTest, StateFolderThatCannotBeMadeIsSaid) {
  VboardProcess board(On("/proc/no-such-folder"));
  EXPECT_FALSE(board.ready());
  EXPECT_EQ(board.Wait(), kStateUnusable);
  EXPECT_THAT(board.Errors(), HasSubstr("/proc/no-such-folder"));
}

TEST(ProcessTest, MissingQemuIsSaid) {
  TestDir dir;
  const std::string path = getenv("PATH");
  setenv("PATH", dir.path().c_str(), 1);
  VboardProcess board(On(dir.path()));
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(board.ready());
  EXPECT_EQ(board.Wait(), kNoQemu);
  EXPECT_THAT(board.Errors(), HasSubstr("no qemu-system-arm in PATH"));
}

TEST(ProcessTest, BadArgumentsAreSaidInOneLine) {
  TestDir dir;
  const std::vector<std::vector<std::string>> bad = {
      {},
      {"--type", "virtual-stm32f999", "--state", dir.path()},
      {"--type", "virtual-stm32f405", "--state", dir.path(), "--stlink", "65536"},
      {"--type", "virtual-stm32f405", "--state", dir.path(), "--uid", "12"},
      {"--type", "virtual-stm32f405", "--state", dir.path(), "--fault", "drop-link"},
      {"--type", "virtual-stm32f405", "--state", dir.path(), "--refill", "x"}};
  for (const std::vector<std::string>& arguments : bad) {
    VboardProcess board(arguments);
    EXPECT_FALSE(board.ready());
    EXPECT_EQ(board.Wait(), kBadArguments) << testing::PrintToString(arguments);
    const std::string errors = board.Errors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
}

// True once the process waits in ppoll() without a timeout, which its third argument is.
bool WaitsWithoutTimeout(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/syscall"));
    std::string number, fds, count, timeout;
    file >> number >> fds >> count >> timeout;
    if (number == absl::StrCat(SYS_ppoll)) return timeout == "0x0";
    sched_yield();
  }
  return false;
}

TEST(ProcessTest, IdleBoardWaitsWithoutTimeout) {
  TestDir dir;
  VboardProcess board(On(dir.path()));
  ASSERT_TRUE(board.ready()) << board.Errors();
  std::ifstream readable(absl::StrCat("/proc/", board.pid(), "/syscall"));
  if (readable.peek() == EOF) GTEST_SKIP() << "/proc/PID/syscall cannot be read here";
  EXPECT_TRUE(WaitsWithoutTimeout(board.pid()));
}

}  // namespace
}  // namespace boardloop::vboard
