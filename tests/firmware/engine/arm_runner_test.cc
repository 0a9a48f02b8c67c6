#include "tests/firmware/engine/arm_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware/engine/kernel_case.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ArmRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  }

  // Copies a tensor with each of the kernels in turn.
  static std::vector<std::string> FailuresOf(const std::vector<std::string>& kernels) {
    const std::vector<KernelObject> objects = {
        {"bad_kernels",
         "tests/firmware/engine/bad_kernels.c",
         {},
         {"bl_test_good", "bl_test_writes_beside", "bl_test_reads_past_the_end", "bl_test_hangs"}}};
    ArmRunner::Options options = ArmRunner::CortexM4();
    options.hang_ticks = 1;
    const auto runner = ArmRunner::Create(objects, options);
    EXPECT_TRUE(runner.ok()) << runner.status();
    if (!runner.ok()) return {};
    const KernelCase c = MakeKernelCase(CaseKind::kReshape, 1);
    std::vector<KernelRun> runs;
    for (const std::string& kernel : kernels) {
      LoweredCall call;
      call.kernel = kernel;
      call.input = c.first_op().inputs[0];
      call.output = c.first_op().output;
      runs.push_back(MakeRun(c, {call}, Variant{}));
      runs.back().label = kernel;
    }
    const auto failures = runner->Run(runs);
    EXPECT_TRUE(failures.ok()) << failures.status();
    std::vector<std::string> texts;
    if (!failures.ok()) return texts;
    for (const ArmRunner::Failure& failure : *failures) texts.push_back(failure.what);
    return texts;
  }
};

TEST_F(ArmRunnerTest, ReportsNothingWhenAllAgree) {
  EXPECT_THAT(FailuresOf({"bl_test_good", "bl_test_good"}), ElementsAre());
}

TEST_F(ArmRunnerTest, ReportsAByteWrittenBesideTheOutput) {
  EXPECT_THAT(FailuresOf({"bl_test_good", "bl_test_writes_beside", "bl_test_good"}),
              ElementsAre(HasSubstr("bl_test_writes_beside: byte")));
}

TEST_F(ArmRunnerTest, ReportsAReadPastTheEndAndGoesOn) {
  EXPECT_THAT(FailuresOf({"bl_test_reads_past_the_end", "bl_test_writes_beside"}),
              ElementsAre(HasSubstr("bl_test_reads_past_the_end: fault at pc"),
                          HasSubstr("bl_test_writes_beside: byte")));
}

TEST_F(ArmRunnerTest, ReportsAKernelThatDoesNotEnd) {
  EXPECT_THAT(FailuresOf({"bl_test_hangs", "bl_test_good"}),
              ElementsAre(HasSubstr("bl_test_hangs: does not end")));
}

}  // namespace
}  // namespace boardloop
