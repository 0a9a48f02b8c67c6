// The portable kernels as arm-none-eabi-gcc compiles them, under QEMU, against core/quant.
#include <gtest/gtest.h>

#include "firmware/codegen/kernel_catalog.h"
#include "firmware/codegen/lowering.h"
#include "tests/firmware/engine/arm_runner.h"
#include "tests/firmware/engine/kernel_case.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {
namespace {

std::vector<KernelRun> RunsOf(int seeds) {
  std::vector<KernelRun> runs;
  for (int kind = 0; kind < kCaseKinds; ++kind) {
    for (int seed = 1; seed <= seeds; ++seed) {
      const KernelCase c = MakeKernelCase(static_cast<CaseKind>(kind), static_cast<uint64_t>(seed));
      const auto calls = LowerPortable(c.model, c.step);
      EXPECT_TRUE(calls.ok()) << c.label << ": " << calls.status();
      if (!calls.ok()) return {};
      for (const Variant& variant : VariantsOf(c)) runs.push_back(MakeRun(c, *calls, variant));
    }
  }
  return runs;
}

void Check(const ArmRunner::Options& options) {
  if (!ArmRunner::IsAvailable()) GTEST_SKIP() << "needs arm-none-eabi-gcc and qemu-system-arm";
  const auto runner = ArmRunner::Create(PortableKernelObjects(), options);
  ASSERT_TRUE(runner.ok()) << runner.status();
  const auto failures = runner->Run(RunsOf(KernelSeeds(20)));
  ASSERT_TRUE(failures.ok()) << failures.status();
  for (const ArmRunner::Failure& failure : *failures) ADD_FAILURE() << failure.what;
}

TEST(PortableArmTest, GivesTheBytesOfTheReferenceOnACortexM4) { Check(ArmRunner::CortexM4()); }

TEST(PortableArmTest, GivesTheBytesOfTheReferenceOnACortexM7) { Check(ArmRunner::CortexM7()); }

}  // namespace
}  // namespace boardloop
