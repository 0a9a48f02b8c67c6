#include "core/plan/accounting_rules.h"

#include <gtest/gtest.h>

#include "tests/core/plan/networks.h"

namespace boardloop {
namespace {

// Published figures, as recomputed from the released networks: MCUNet's table 1 (rule A), the
// profiler's "Act" column (B), MCUNetV2's analysis (C), TinyEngine's bar chart (D) and README (E).
TEST(AccountingRulesTest, MobileNetV2MatchesTheTwoPapers) {
  AccountingRules rules = CountByRules(ReferenceGraph("mobilenet_v2:width=1,res=224,classes=1000"));
  EXPECT_EQ(rules.a, 1705984);
  EXPECT_EQ(rules.c, 1404928);
}

TEST(AccountingRulesTest, Vww1MatchesTheReleasedProfilerAndAllocator) {
  AccountingRules rules = CountByRules(Vww1());
  EXPECT_EQ(rules.b, 96000);
  EXPECT_EQ(rules.d, 89600);
  EXPECT_EQ(rules.e, 93992);
}

TEST(AccountingRulesTest, In3MatchesTheReleasedAllocator) {
  AccountingRules rules = CountByRules(In3());
  EXPECT_EQ(rules.d, 247808);
  EXPECT_EQ(rules.e, 266344);
}

// MCUNet's table 1 has 7.2 MB for ResNet-50 in fp32: 4 bytes for each of these.
TEST(AccountingRulesTest, ResNet50CountsTheShortcutThatWaits) {
  EXPECT_EQ(CountByRules(ReferenceGraph("resnet50")).c, 1806336);
}

TEST(AccountingRulesTest, MobileNetV2At075HasSeventyNinePercentMoreThanResNet18) {
  AccountingRules mobile = CountByRules(ReferenceGraph("mobilenet_v2:width=0.75"));
  AccountingRules resnet = CountByRules(ReferenceGraph("resnet18"));
  EXPECT_NEAR(static_cast<double>(mobile.a) / static_cast<double>(resnet.a), 1.79, 0.01);
}

}  // namespace
}  // namespace boardloop
