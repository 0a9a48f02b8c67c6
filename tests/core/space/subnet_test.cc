#include "core/space/subnet.h"

#include <map>
#include <set>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kVww1[] =
    "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | 7e3 3e6 5e5 | 7e6 7e6 | 3e6 3e4 | 5e5 3e5 3e4 | "
    "7e3";

Space Imagenet() { return *SpacePreset("mbv2-imagenet"); }

bool operator==(const Subnet& a, const Subnet& b) { return CanonicalText(a) == CanonicalText(b); }

TEST(ValidateSubnetTest, AcceptsWhatTheSpaceOffers) {
  Random random(1);
  Space space = Imagenet();
  for (int i = 0; i < 100; ++i) {
    Subnet subnet = SampleSubnet(space, 0.5, 144, random);
    EXPECT_THAT(ValidateSubnet(space, subnet, /*any_gene=*/false), IsOk());
  }
}

TEST(ValidateSubnetTest, NamesTheGeneThatTheSpaceLacks) {
  Subnet subnet = *ParseCanonicalText(kVww1);
  EXPECT_THAT(ValidateSubnet(Imagenet(), subnet, /*any_gene=*/false),
              StatusIs(kInvalid, "stages[1][2].expand is 5, the space has 3, 4, 6"));
}

TEST(ValidateSubnetTest, AnyGeneAcceptsTheReleasedNetworks) {
  EXPECT_THAT(ValidateSubnet(Imagenet(), *ParseCanonicalText(kVww1), /*any_gene=*/true), IsOk());
}

TEST(ValidateSubnetTest, AnyGeneStillHasLimits) {
  Subnet subnet = *ParseCanonicalText(kVww1);
  subnet.stages[2][1].kernel_size = 4;
  EXPECT_THAT(ValidateSubnet(Imagenet(), subnet, /*any_gene=*/true),
              StatusIs(kInvalid, "stages[2][1].kernel is 4, must be 3, 5 or 7"));
  subnet.stages[2][1] = {3, 17};
  EXPECT_THAT(ValidateSubnet(Imagenet(), subnet, /*any_gene=*/true),
              StatusIs(kInvalid, "stages[2][1].expand is 17, must be in [1, 16]"));
}

TEST(ValidateSubnetTest, NamesTheDepthThatTheSpaceLacks) {
  Subnet subnet = SmallestSubnet(Imagenet(), 0.5, 80);
  subnet.stages[3].resize(1);
  EXPECT_THAT(ValidateSubnet(Imagenet(), subnet, /*any_gene=*/false),
              StatusIs(kInvalid, "depth of stages[3] is 1, the space has 2, 3, 4"));
}

TEST(ValidateSubnetTest, RefusesAStageTooFew) {
  Subnet subnet = SmallestSubnet(Imagenet(), 0.5, 80);
  subnet.stages.pop_back();
  EXPECT_THAT(ValidateSubnet(Imagenet(), subnet, /*any_gene=*/true),
              StatusIs(kInvalid, "stages has 5 entries, space mbv2-imagenet has 6"));
}

TEST(ValidateSubnetTest, RefusesASubnetOfAnotherSpace) {
  Subnet subnet = SmallestSubnet(Imagenet(), 0.5, 80);
  EXPECT_THAT(ValidateSubnet(*SpacePreset("mbv2-small-image"), subnet, /*any_gene=*/true),
              StatusIs(kInvalid, HasSubstr("checked against \"mbv2-small-image\"")));
}

TEST(SampleSubnetTest, TheSameSeedGivesTheSameSubnet) {
  Random a(7), b(7);
  EXPECT_TRUE(SampleSubnet(Imagenet(), 0.5, 80, a) == SampleSubnet(Imagenet(), 0.5, 80, b));
}

// The text fixes the order of the draws: a change would make every recorded search another one.
TEST(SampleSubnetTest, SeedOneIsWhatItAlwaysWas) {
  Random random(1);
  EXPECT_EQ(CanonicalText(SampleSubnet(Imagenet(), 0.5, 80, random)),
            "mbv2-imagenet w0.5 r80 c1000 i3 | 5e6 7e6 5e6 | 5e4 5e4 | 7e3 5e6 | 5e4 3e4 3e6 5e3 | "
            "3e4 7e3 3e4 3e6 | 3e4");
}

TEST(SampleSubnetTest, GenesAreUniform) {
  Random random(3);
  Space space = Imagenet();
  std::map<size_t, int> depths;
  std::map<int, int> kernels, ratios;
  constexpr int kSamples = 3000;
  for (int i = 0; i < kSamples; ++i) {
    Subnet subnet = SampleSubnet(space, 0.5, 80, random);
    ++depths[subnet.stages[1].size()];
    ++kernels[subnet.stages[1][0].kernel_size];
    ++ratios[subnet.stages[1][0].expand_ratio];
  }
  // 1,000 are expected of each; the standard deviation is 26.
  for (const auto& counts : {kernels, ratios}) {
    EXPECT_EQ(counts.size(), 3u);
    for (const auto& [gene, count] : counts) EXPECT_NEAR(count, 1000, 130) << gene;
  }
  for (const auto& [depth, count] : depths) EXPECT_NEAR(count, 1000, 130) << depth;
}

TEST(MutateSubnetTest, RateZeroChangesNothing) {
  Random random(1);
  Subnet parent = SampleSubnet(Imagenet(), 0.5, 80, random);
  EXPECT_TRUE(MutateSubnet(Imagenet(), parent, 0.0, random) == parent);
}

TEST(MutateSubnetTest, ChildrenAreValidAndDiffer) {
  Random random(1);
  Space space = Imagenet();
  Subnet parent = SampleSubnet(space, 0.5, 80, random);
  std::set<std::string> children;
  for (int i = 0; i < 200; ++i) {
    Subnet child = MutateSubnet(space, parent, 0.1, random);
    EXPECT_THAT(ValidateSubnet(space, child, /*any_gene=*/false), IsOk());
    children.insert(CanonicalText(child));
  }
  EXPECT_GT(children.size(), 150u);
}

TEST(MutateSubnetTest, AboutATenthOfTheBlocksChange) {
  Random random(5);
  Space space = Imagenet();
  Subnet parent = LargestSubnet(space, 0.5, 80);
  int blocks = 0, changed = 0;
  for (int i = 0; i < 1000; ++i) {
    Subnet child = MutateSubnet(space, parent, 0.1, random);
    for (size_t s = 0; s < child.stages.size(); ++s) {
      for (size_t b = 0; b < child.stages[s].size(); ++b) {
        ++blocks;
        changed += child.stages[s][b] == parent.stages[s][b] ? 0 : 1;
      }
    }
  }
  EXPECT_NEAR(static_cast<double>(changed) / blocks, 0.1 * 8 / 9, 0.01);  // 1 in 9 redraws itself.
}

TEST(CrossSubnetsTest, EachGeneComesFromAParent) {
  Random random(1);
  Space space = Imagenet();
  for (int i = 0; i < 200; ++i) {
    Subnet a = SampleSubnet(space, 0.5, 80, random);
    Subnet b = SampleSubnet(space, 0.5, 80, random);
    Subnet child = CrossSubnets(a, b, random);
    for (size_t s = 0; s < child.stages.size(); ++s) {
      size_t depth = child.stages[s].size();
      EXPECT_TRUE(depth == a.stages[s].size() || depth == b.stages[s].size());
      for (size_t k = 0; k < depth; ++k) {
        BlockGene gene = child.stages[s][k];
        EXPECT_TRUE((k < a.stages[s].size() && gene == a.stages[s][k]) ||
                    (k < b.stages[s].size() && gene == b.stages[s][k]));
      }
    }
  }
}

TEST(CrossSubnetsTest, BothParentsContributeAboutHalf) {
  Random random(1);
  Space space = Imagenet();
  Subnet a = LargestSubnet(space, 0.5, 80);
  Subnet b = SmallestSubnet(space, 0.5, 80);
  int from_a = 0, first_blocks = 0;
  for (int i = 0; i < 1000; ++i) {
    Subnet child = CrossSubnets(a, b, random);
    for (const auto& stage : child.stages) {
      ++first_blocks;
      from_a += stage[0] == a.stages[0][0] ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(from_a) / first_blocks, 0.5, 0.03);
}

TEST(ExtremeSubnetTest, AreTheEndsOfEveryChoice) {
  Space space = Imagenet();
  EXPECT_EQ(CanonicalText(SmallestSubnet(space, 0.2, 48)),
            "mbv2-imagenet w0.2 r48 c1000 i3 | 3e3 3e3 | 3e3 3e3 | 3e3 3e3 | 3e3 3e3 | 3e3 3e3 | "
            "3e3");
  EXPECT_EQ(CanonicalText(LargestSubnet(space, 1.0, 224)),
            "mbv2-imagenet w1 r224 c1000 i3 | 7e6 7e6 7e6 7e6 | 7e6 7e6 7e6 7e6 | 7e6 7e6 7e6 7e6 "
            "| 7e6 7e6 7e6 7e6 | 7e6 7e6 7e6 7e6 | 7e6");
}

TEST(ExtremeSubnetTest, ClassesAndChannelsAreTheSpaceDefaults) {
  Space space = Imagenet();
  space.set_classes(2);
  space.set_input_channels(1);
  Subnet subnet = LargestSubnet(space, 1.0, 224);
  EXPECT_EQ(subnet.classes, 2);
  EXPECT_EQ(subnet.input_channels, 1);
}

}  // namespace
}  // namespace boardloop
