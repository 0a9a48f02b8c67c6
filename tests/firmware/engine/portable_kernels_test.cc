// The portable kernels on the host, against core/quant.
#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "firmware/codegen/lowering.h"
#include "tests/firmware/engine/host_runner.h"
#include "tests/firmware/engine/kernel_case.h"
#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {
namespace {

std::string KindTestName(const testing::TestParamInfo<int>& kind) {
  std::string name;
  for (char c : std::string(CaseKindName(static_cast<CaseKind>(kind.param)))) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return name;
}

class PortableKernelTest : public testing::TestWithParam<int> {
 protected:
  static void Check(const KernelCase& c) {
    const auto calls = LowerPortable(c.model, c.step);
    ASSERT_TRUE(calls.ok()) << c.label << ": " << calls.status();
    for (const Variant& variant : VariantsOf(c)) {
      const KernelRun run = MakeRun(c, *calls, variant);
      ASSERT_EQ(RunOnHost(run), "") << run.label;
    }
  }
};

TEST_P(PortableKernelTest, GivesTheBytesOfTheReferenceAndTouchesNothingElse) {
  const auto kind = static_cast<CaseKind>(GetParam());
  const int seeds = KernelSeeds(300);
  for (int seed = 1; seed <= seeds; ++seed) {
    Check(MakeKernelCase(kind, static_cast<uint64_t>(seed)));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, PortableKernelTest, testing::Range(0, kCaseKinds), KindTestName);

}  // namespace
}  // namespace boardloop
