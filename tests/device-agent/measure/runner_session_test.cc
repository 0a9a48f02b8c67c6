#include "device-agent/measure/runner_session.h"

#include <cstring>

#include "device-agent/measure/crc32.h"
#include "firmware/runner/marks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_probe.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kMailbox = 0x20000400, kOutput = 0x20001002, kSteps = 0x20002000;

// Plays the runner (firmware/runner/request_loop.c) on a FakeProbe's memory.
class FakeRunner {
 public:
  explicit FakeRunner(FakeProbe& probe) : probe_(probe) {
    probe_.after_write = [this] { Serve(); };
  }

  bl_mailbox result = {};  // What a request gets; the runner adds state and CRCs.
  std::vector<int8_t> output = {1, -2, 3, -4, 5};
  std::vector<bl_mark> marks;  // Of a request.
  uint32_t end_state = BL_STATE_DONE;
  uint32_t crc_error = 0;  // XORed into the CRC.
  bool answers = true;
  uint32_t requests = 0;
  bl_mailbox last_request = {};

  void Boot(uint32_t state = BL_STATE_READY) {
    result.magic = BL_MAILBOX_MAGIC;
    result.version = version;
    result.bytes = sizeof(bl_mailbox);
    result.state = state;
    Put(result);
  }
  uint32_t version = BL_MAILBOX_VERSION;

  void Put(const bl_mailbox& mailbox) { PutBytes(kMailbox, &mailbox, sizeof(mailbox)); }
  void PutBytes(uint32_t address, const void* data, size_t bytes) {
    const auto* byte = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < bytes; ++i) {
      const uint32_t at = address + static_cast<uint32_t>(i);
      uint32_t& word = probe_.memory[at & ~3u];
      const uint32_t shift = 8 * (at % 4);
      word = (word & ~(0xffu << shift)) | uint32_t{byte[i]} << shift;
    }
  }

 private:
  bl_mailbox Get() {
    bl_mailbox mailbox;
    std::vector<uint32_t> words;
    for (size_t i = 0; i < sizeof(mailbox) / 4; ++i) {
      words.push_back(probe_.memory[kMailbox + 4 * static_cast<uint32_t>(i)]);
    }
    std::memcpy(&mailbox, words.data(), sizeof(mailbox));
    return mailbox;
  }

  void Serve() {
    const bl_mailbox request = Get();
    if (request.magic != BL_MAILBOX_MAGIC) {  // Cleared by the agent: a reset follows.
      probe_.after_write = [] {};
      Boot();
      probe_.after_write = [this] { Serve(); };
      return;
    }
    if (request.request_sequence == request.result_sequence || !answers) return;
    ++requests;
    last_request = request;
    bl_mailbox done = result;
    std::memcpy(&done.network, &request.network,
                offsetof(bl_mailbox, result) - offsetof(bl_mailbox, network));
    done.result_sequence = request.request_sequence;
    done.output_address = kOutput;
    done.output_bytes = static_cast<uint32_t>(output.size());
    done.output_crc32 = Crc32(output.data(), output.size());
    done.state = end_state;
    done.crc32 = Crc32(&done, offsetof(bl_mailbox, crc32)) ^ crc_error;
    Put(done);
    PutBytes(kOutput, output.data(), output.size());
    bl_marks_header header = {};
    header.magic = BL_MARKS_MAGIC;
    header.version = BL_MARKS_VERSION;
    header.entries = static_cast<uint32_t>(marks.size());
    PutBytes(BL_MARKS_ADDRESS, &header, sizeof(header));
    PutBytes(BL_MARKS_ADDRESS + sizeof(header), marks.data(), marks.size() * sizeof(bl_mark));
  }

  FakeProbe& probe_;
};

class RunnerSessionTest : public testing::Test {
 protected:
  RunnerSessionTest() : runner_(probe_), session_(probe_, kMailbox) {
    runner_.result.timing = BL_TIMING_CYCCNT;
    runner_.result.result = BL_RESULT_OK;
    runner_.result.step_cycles_address = kSteps;
    runner_.result.step_cycles_capacity = 16;
  }

  RunRequest Request(uint32_t runs, std::vector<int32_t> laps) {
    RunRequest request;
    request.pattern_seed = 7;
    request.runs = runs;
    request.lap_steps = std::move(laps);
    return request;
  }

  FakeProbe probe_;
  FakeRunner runner_;
  RunnerSession session_;
};

TEST_F(RunnerSessionTest, BootClearsWhatAnEarlierProgramLeft) {
  runner_.Boot(BL_STATE_DONE);
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  EXPECT_EQ(probe_.resets, 1);
  EXPECT_EQ(session_.facts().state, BL_STATE_READY);
}

TEST_F(RunnerSessionTest, BootRefusesAnotherVersion) {
  runner_.version = 9;
  EXPECT_THAT(session_.Boot(absl::Seconds(5)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("version 9")));
}

TEST_F(RunnerSessionTest, BootThatNeverEndsSaysWhatTheCoreDoes) {
  probe_.after_write = [] {};
  probe_.core = CoreState::kLockup;
  EXPECT_THAT(session_.Boot(absl::Milliseconds(10)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("locked up")));
}

TEST_F(RunnerSessionTest, ReadsOutputAndCounter) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  runner_.result.run_cycles[0] = 100;
  runner_.result.run_cycles[1] = 102;
  const uint32_t sums[] = {60, 142};
  runner_.PutBytes(kSteps, sums, sizeof(sums));
  absl::StatusOr<RunResult> result = session_.Run(Request(2, {0, 1, 1}));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->end, RunResult::End::kDone);
  EXPECT_THAT(result->output, ElementsAre(1, -2, 3, -4, 5));
  ASSERT_EQ(result->runs.size(), 2u);
  EXPECT_EQ(result->runs[1].cycles, 102);
  ASSERT_EQ(result->steps.size(), 2u);
  EXPECT_EQ(result->steps[0].cycles, 30);
  EXPECT_EQ(result->steps[1].cycles, 71);
  EXPECT_EQ(runner_.last_request.pattern_seed, 7u);
  EXPECT_EQ(runner_.last_request.runs, 2u);
}

TEST_F(RunnerSessionTest, MarksBelongToStepsByTheOrderOfLaps) {
  runner_.result.timing = BL_TIMING_MARKS;
  runner_.result.laps_per_run = 3;
  const auto lap = [](uint32_t cycles) { return bl_mark{cycles, cycles / 2, BL_MARK_KIND_LAP}; };
  const bl_mark begin = {0, 0, BL_MARK_KIND_BEGIN};
  // A streamed input begins anew in the middle of a run.
  runner_.marks = {begin, lap(10), lap(20), begin, lap(30),
                   begin, lap(12), lap(20), begin, lap(34)};
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  absl::StatusOr<RunResult> result = session_.Run(Request(2, {0, 1, 0}));
  ASSERT_THAT(result, IsOk());
  ASSERT_EQ(result->runs.size(), 2u);
  EXPECT_EQ(result->runs[0].cycles, 60);
  EXPECT_EQ(result->runs[1].cycles, 66);
  EXPECT_EQ(result->runs[0].instructions, 30);
  EXPECT_EQ(result->steps[0].cycles, (10 + 30 + 12 + 34) / 2);
  EXPECT_EQ(result->steps[1].cycles, 20);
}

TEST_F(RunnerSessionTest, LapsThatDoNotFitTheProgramAreDataLoss) {
  runner_.result.timing = BL_TIMING_MARKS;
  runner_.result.laps_per_run = 1;
  runner_.marks = {{0, 0, BL_MARK_KIND_BEGIN}, {5, 5, BL_MARK_KIND_LAP}};
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  EXPECT_THAT(session_.Run(Request(1, {0, 1})), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(RunnerSessionTest, RequestsHaveRisingSequenceNumbers) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  ASSERT_THAT(session_.Run(Request(1, {0})), IsOk());
  ASSERT_THAT(session_.Run(Request(1, {0})), IsOk());
  EXPECT_EQ(runner_.requests, 2u);
  EXPECT_EQ(runner_.last_request.request_sequence, 2u);
}

TEST_F(RunnerSessionTest, WrongCrcIsDataLoss) {
  runner_.crc_error = 1;
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  EXPECT_THAT(session_.Run(Request(1, {0})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("CRC")));
}

TEST_F(RunnerSessionTest, OutputThatIsNotWhatTheBoardHashedIsDataLoss) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  probe_.before_read = [this] { probe_.memory[kOutput & ~3u] = 0; };
  EXPECT_THAT(session_.Run(Request(1, {0})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("output")));
}

TEST_F(RunnerSessionTest, FaultIsAResultWithItsStep) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  runner_.end_state = BL_STATE_FAULTED;
  runner_.result.fault = BL_FAULT_MEMORY;
  runner_.result.fault_cfsr = 1u << 7;
  runner_.result.fault_mmfar = 0x20020000;
  runner_.result.fault_pc = 0x08000abc;
  runner_.result.fault_step = 4;
  absl::StatusOr<RunResult> result = session_.Run(Request(1, {0}));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->end, RunResult::End::kFaulted);
  EXPECT_EQ(result->fault_step, 4);
  EXPECT_THAT(result->why, HasSubstr("memory fault"));
  EXPECT_THAT(result->why, HasSubstr("at 0x20020000"));
  EXPECT_THAT(result->why, HasSubstr("pc 0x08000abc"));
}

TEST_F(RunnerSessionTest, RefusedRequestIsAResult) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  runner_.result.result = BL_RESULT_BAD_NETWORK;
  absl::StatusOr<RunResult> result = session_.Run(Request(1, {0}));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->end, RunResult::End::kRefused);
  EXPECT_THAT(result->why, HasSubstr("engine version"));
}

TEST_F(RunnerSessionTest, LockupAndEndlessRunAreResults) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  runner_.answers = false;
  RunRequest request = Request(1, {0});
  request.deadline = absl::Milliseconds(10);
  absl::StatusOr<RunResult> result = session_.Run(request);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->end, RunResult::End::kDeadline);

  probe_.core = CoreState::kLockup;
  result = session_.Run(request);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->end, RunResult::End::kLockup);
}

TEST_F(RunnerSessionTest, ProbeErrorsArePassedOn) {
  ASSERT_THAT(session_.Boot(absl::Seconds(5)), IsOk());
  probe_.failure = absl::UnavailableError("unplugged");
  EXPECT_THAT(session_.Run(Request(1, {0})),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("unplugged")));
}

}  // namespace
}  // namespace boardloop
