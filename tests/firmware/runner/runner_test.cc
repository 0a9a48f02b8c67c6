// The runner on QEMU's Cortex-M4 and M7: what the mailbox promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/board/board_type.h"
#include "firmware/runner/pattern.h"
#include "tests/firmware/runner/qemu_board.h"
#include "tests/firmware/runner/test_network.h"

namespace boardloop {
namespace {

std::vector<uint8_t> PatternOutput(const TestNetwork& network, uint32_t seed) {
  std::vector<int8_t> input(network.input_bytes());
  bl_pattern_read(seed, 0, static_cast<uint32_t>(input.size()), input.data());
  std::vector<uint8_t> output;
  for (const int8_t value : input) output.push_back(static_cast<uint8_t>(value ^ 0x55));
  return output;
}

class RunnerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    absl::StatusOr<BoardType> loaded = LoadBoardType(GetParam());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    type_ = *loaded;
    char name[] = "/tmp/boardloop-runner-XXXXXX";  // Short: it holds a socket.
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    board_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start(const TestNetwork& network) {
    absl::StatusOr<FirmwareImage> image = BuildTestImage(type_, network, SharedBuildCache());
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = *std::move(image);
    board_.reset();
    std::filesystem::remove(folder_ + "/gdb");  // Of the machine before.
    absl::StatusOr<std::unique_ptr<QemuBoard>> board = QemuBoard::Start(type_, image_, folder_);
    ASSERT_TRUE(board.ok()) << board.status();
    board_ = *std::move(board);
  }

  bl_mailbox Mailbox() {
    absl::StatusOr<bl_mailbox> mailbox = board_->Mailbox();
    EXPECT_TRUE(mailbox.ok()) << mailbox.status();
    return mailbox.value_or(bl_mailbox{});
  }

  bl_mailbox Execute(const QemuBoard::Request& request) {
    absl::StatusOr<bl_mailbox> mailbox = board_->Execute(request);
    EXPECT_TRUE(mailbox.ok()) << mailbox.status();
    if (!mailbox.ok()) return {};
    EXPECT_TRUE(CrcIsRight(*mailbox));
    return *mailbox;
  }

  std::vector<uint8_t> Read(uint32_t address, uint32_t bytes) {
    absl::StatusOr<std::vector<uint8_t>> read = board_->Read(address, bytes);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.value_or(std::vector<uint8_t>{});
  }

  // Runs a network whose body faults.
  bl_mailbox Fault(const std::string& body, const std::string& globals = "") {
    TestNetwork network;
    network.body = body;
    network.globals = globals;
    Start(network);
    if (board_ == nullptr) return {};
    bl_mailbox mailbox = Execute({});
    EXPECT_EQ(mailbox.state, uint32_t{BL_STATE_FAULTED});
    return mailbox;
  }

  int64_t EndOfRam() const {
    int64_t end = 0;
    for (const MemoryRegion& region : type_.memories) {
      if (region.kind == MemoryRegion::Kind::kRam) {
        end = std::max(end, region.address + region.bytes);
      }
    }
    return end;
  }

  BoardType type_;
  FirmwareImage image_;
  std::string folder_;
  std::unique_ptr<QemuBoard> board_;
};

INSTANTIATE_TEST_SUITE_P(Boards, RunnerTest,
                         testing::Values("virtual-stm32f405", "virtual-stm32f746"),
                         [](const testing::TestParamInfo<const char*>& test) {
                           return std::string(test.param).substr(8);
                         });

// As docs/formats/mailbox.md says.
static_assert(sizeof(bl_mailbox) == 408);
static_assert(offsetof(bl_mailbox, image_address) == 36);
static_assert(offsetof(bl_mailbox, network) == 52);
static_assert(offsetof(bl_mailbox, request_sequence) == 72);
static_assert(offsetof(bl_mailbox, laps_per_run) == 96);
static_assert(offsetof(bl_mailbox, fault) == 356);
static_assert(offsetof(bl_mailbox, fault_cfsr) == 376);
static_assert(offsetof(bl_mailbox, fault_step) == 392);
static_assert(offsetof(bl_mailbox, crc32) == 404);

TEST_P(RunnerTest, BootsToReadyWithItsFacts) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  const bl_mailbox mailbox = Mailbox();
  EXPECT_EQ(mailbox.magic, BL_MAILBOX_MAGIC);
  EXPECT_EQ(mailbox.version, BL_MAILBOX_VERSION);
  EXPECT_EQ(mailbox.bytes, sizeof(bl_mailbox));
  EXPECT_EQ(mailbox.state, uint32_t{BL_STATE_READY});
  EXPECT_EQ(mailbox.engine_version, uint32_t{BL_ENGINE_VERSION});
  EXPECT_EQ(mailbox.clock_hz, type_.clock_hz);
  EXPECT_EQ(mailbox.timing, uint32_t{BL_TIMING_MARKS});
  EXPECT_EQ(mailbox.stack_base, 0x20000000u);
  EXPECT_EQ(mailbox.stack_bytes, type_.reserves.stack_bytes);
  EXPECT_EQ(mailbox.image_address, image_.symbols.at("test_arena0"));
  EXPECT_EQ(mailbox.image_capacity, 72u);
}

TEST_P(RunnerTest, RunsAPattern) {
  const TestNetwork network;
  ASSERT_NO_FATAL_FAILURE(Start(network));
  const bl_mailbox mailbox = Execute({.seed = 7, .warmup_runs = 2, .runs = 3});
  EXPECT_EQ(mailbox.state, uint32_t{BL_STATE_DONE});
  EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_OK});
  EXPECT_EQ(mailbox.laps_per_run, 2u);
  const std::vector<uint8_t> expected = PatternOutput(network, 7);
  EXPECT_EQ(mailbox.output_bytes, expected.size());
  EXPECT_EQ(mailbox.output_crc32, Crc32(expected.data(), expected.size()));
  EXPECT_EQ(Read(mailbox.output_address, mailbox.output_bytes), expected);
  EXPECT_GT(mailbox.stack_used, 0u);
  EXPECT_LT(mailbox.stack_used, 1024u);
}

TEST_P(RunnerTest, StreamsThePattern) {
  TestNetwork network;
  network.streamed = true;
  ASSERT_NO_FATAL_FAILURE(Start(network));
  const bl_mailbox mailbox = Execute({.seed = 9});
  EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_OK});
  EXPECT_EQ(Read(mailbox.output_address, mailbox.output_bytes), PatternOutput(network, 9));
}

TEST_P(RunnerTest, RunsAnImageOfTheAgent) {
  for (const bool streamed : {false, true}) {
    TestNetwork network;
    network.streamed = streamed;
    ASSERT_NO_FATAL_FAILURE(Start(network));
    const std::vector<uint8_t> image(72, 0x11);
    ASSERT_GE(Mailbox().image_capacity, image.size());
    ASSERT_TRUE(board_->Write(Mailbox().image_address, image).ok());
    const bl_mailbox mailbox = Execute({.command = BL_COMMAND_RUN_IMAGE});
    EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_OK});
    EXPECT_EQ(Read(mailbox.output_address, 72), std::vector<uint8_t>(72, 0x44));
  }
}

TEST_P(RunnerTest, SaysWhenAStreamedImageHasNoSpace) {
  TestNetwork network;
  network.streamed = true;
  network.height = 100, network.width = 40, network.channels = 10;
  network.arena_bytes = type_.ArenaRegions()[0];
  ASSERT_NO_FATAL_FAILURE(Start(network));
  ASSERT_LT(Mailbox().image_capacity, 40000u);
  const bl_mailbox mailbox = Execute({.command = BL_COMMAND_RUN_IMAGE});
  EXPECT_EQ(mailbox.state, uint32_t{BL_STATE_DONE});
  EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_NO_IMAGE_SPACE});
}

TEST_P(RunnerTest, RefusesBadRequestsAndServesTheNext) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  EXPECT_EQ(Execute({.command = 99}).result, uint32_t{BL_RESULT_BAD_REQUEST});
  EXPECT_EQ(Execute({.runs = 0}).result, uint32_t{BL_RESULT_BAD_REQUEST});
  EXPECT_EQ(Execute({.runs = BL_MAX_RUNS + 1}).result, uint32_t{BL_RESULT_BAD_REQUEST});
  EXPECT_EQ(Execute({.warmup_runs = 0xFFFFFFFF}).result, uint32_t{BL_RESULT_BAD_REQUEST});
  // A run may overwrite a resident input, so that a second one would see something else.
  EXPECT_EQ(Execute({.command = BL_COMMAND_RUN_IMAGE, .runs = 2}).result,
            uint32_t{BL_RESULT_BAD_REQUEST});
  EXPECT_EQ(Execute({.runs = BL_MAX_RUNS}).result, uint32_t{BL_RESULT_OK});
}

TEST_P(RunnerTest, RefusesANetworkOfAnotherEngineVersion) {
  TestNetwork network;
  network.engine_version = BL_ENGINE_VERSION + 1;
  ASSERT_NO_FATAL_FAILURE(Start(network));
  EXPECT_EQ(Execute({}).result, uint32_t{BL_RESULT_BAD_NETWORK});
}

TEST_P(RunnerTest, RunsANetworkInRam) {
  const TestNetwork network;
  ASSERT_NO_FATAL_FAILURE(Start(network));
  // The linked network, copied to where the call table of a candidate goes.
  const uint32_t table = image_.symbols.at("bl_free_0_begin");
  const std::vector<uint8_t> copy = Read(image_.symbols.at("test_network"), 44);
  ASSERT_TRUE(board_->Write(table, copy).ok());
  const bl_mailbox mailbox = Execute({.network = table, .seed = 3});
  EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_OK});
  EXPECT_EQ(Read(mailbox.output_address, mailbox.output_bytes), PatternOutput(network, 3));
}

TEST_P(RunnerTest, RunsWithACycleCounterThatReadsZero) {
  type_.support->timing.source = Timing::Source::kCycleCounter;  // QEMU has the register only.
  const TestNetwork network;
  ASSERT_NO_FATAL_FAILURE(Start(network));
  const bl_mailbox mailbox = Execute({.runs = 2});
  EXPECT_EQ(mailbox.timing, uint32_t{BL_TIMING_CYCCNT});
  EXPECT_EQ(mailbox.step_cycles_capacity, 3u);
  EXPECT_EQ(mailbox.result, uint32_t{BL_RESULT_OK});
}

TEST_P(RunnerTest, StackUseIsTheHighWaterMark) {
  TestNetwork network;
  network.body = "volatile uint8_t local[1000]; for (int i = 0; i < 1000; ++i) local[i] = 1;";
  ASSERT_NO_FATAL_FAILURE(Start(network));
  const bl_mailbox mailbox = Execute({});
  EXPECT_GE(mailbox.stack_used, 1000u);
  EXPECT_LE(mailbox.stack_used, 1500u);
}

TEST_P(RunnerTest, WriteOneWordPastTheArenaFaults) {
  const bl_mailbox mailbox = Fault("*(volatile uint32_t*)(test_arena0 + sizeof(test_arena0)) = 1;");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
  EXPECT_EQ(mailbox.fault_mmfar, EndOfRam());
  EXPECT_EQ(mailbox.fault_step, 2u);  // Steps 0 and 1 have finished.
  EXPECT_NE(mailbox.fault_pc, 0u);
}

TEST_P(RunnerTest, ReadPastTheRamFaults) {
  const bl_mailbox mailbox =
      Fault("(void)*(volatile uint32_t*)" + std::to_string(EndOfRam()) + ";");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
}

TEST_P(RunnerTest, WriteOneWordBelowTheStackIsAStackOverflow) {
  const bl_mailbox mailbox = Fault("*(volatile uint32_t*)(0x20000000 - 4) = 1;");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_STACK_OVERFLOW});
  EXPECT_EQ(mailbox.fault_mmfar, 0x1FFFFFFCu);
}

TEST_P(RunnerTest, RecursionIsAStackOverflow) {
  const bl_mailbox mailbox =
      Fault("test_arena0[0] = (int8_t)recurse(1 << 20);",
            "__attribute__((noinline)) static int recurse(volatile int depth) {\n"
            "  volatile int local[8] = {depth};\n"
            "  return depth == 0 ? 0 : recurse(depth - 1) + local[depth % 8];\n"
            "}\n");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_STACK_OVERFLOW});
  EXPECT_GT(mailbox.stack_used, mailbox.stack_bytes - 64);  // Less than what did not fit.
}

TEST_P(RunnerTest, LargeLocalArrayIsAStackOverflow) {
  const bl_mailbox mailbox =
      Fault("volatile uint8_t local[6000]; for (int i = 5999; i >= 0; --i) local[i] = 1;");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_STACK_OVERFLOW});
}

TEST_P(RunnerTest, WriteToFlashFaults) {
  const bl_mailbox mailbox = Fault("*(volatile uint32_t*)(uintptr_t)run = 1;");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
}

TEST_P(RunnerTest, NullPointerFaults) {
  const bl_mailbox mailbox = Fault("volatile uint32_t* volatile p = NULL; *p = 1;");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
  EXPECT_EQ(mailbox.fault_mmfar, 0u);
}

TEST_P(RunnerTest, ExecutionOfDataFaults) {
  const bl_mailbox mailbox = Fault("((void (*)(void))((uintptr_t)test_arena0 | 1))();");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
}

TEST_P(RunnerTest, UndefinedInstructionIsAUsageFault) {
  const bl_mailbox mailbox = Fault("__asm volatile(\"udf #0\");");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_USAGE});
}

TEST_P(RunnerTest, DivisionByZeroIsAUsageFault) {
  const bl_mailbox mailbox =
      Fault("volatile int zero = 0; test_arena0[0] = (int8_t)(1000 / zero);");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_USAGE});
}

TEST_P(RunnerTest, FailedAssertSaysItsLine) {
  const bl_mailbox mailbox = Fault("\n#line 4242\n bl_assert(output == NULL);");
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_ASSERT});
  EXPECT_EQ(mailbox.fault_line, 4242u);
}

TEST_P(RunnerTest, NetworkAtABadAddressFaults) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  const bl_mailbox mailbox = Execute({.network = 0xA0000000});
  EXPECT_EQ(mailbox.state, uint32_t{BL_STATE_FAULTED});
  EXPECT_EQ(mailbox.fault, uint32_t{BL_FAULT_MEMORY});
}

}  // namespace
}  // namespace boardloop
