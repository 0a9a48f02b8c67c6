#include "core/graph/build_subnet.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

// The networks released with MCUNet that have exact MAC counts in its repository.
constexpr char kVww1[] =
    "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | 7e3 3e6 5e5 | 7e6 7e6 | 3e6 3e4 | 5e5 3e5 3e4 | "
    "7e3";
constexpr char kIn3[] =
    "mbv2-imagenet w0.5 r176 c1000 i3 | 7e3 3e5 7e5 5e4 | 5e5 5e5 5e5 | 3e5 7e6 5e4 | 5e5 7e5 3e5 "
    "| 3e6 7e5 3e4 | 7e5";

Space Imagenet() { return *SpacePreset("mbv2-imagenet"); }

const Op& FindOp(const Graph& graph, const std::string& name) {
  for (const Op& op : graph.ops) {
    if (op.name == name) return op;
  }
  ADD_FAILURE() << "no operator " << name;
  return graph.ops[0];
}

bool HasOp(const Graph& graph, const std::string& name) {
  for (const Op& op : graph.ops) {
    if (op.name == name) return true;
  }
  return false;
}

Graph Build(const Space& space, const std::string& text) {
  absl::StatusOr<Graph> graph = BuildSubnet(space, *ParseCanonicalText(text));
  EXPECT_THAT(graph, IsOk());
  return *std::move(graph);
}

TEST(BuildSubnetTest, Vww1HasTheMacsOfTheReleasedNetwork) {
  EXPECT_EQ(Measure(Build(Imagenet(), kVww1)).macs, 11'578'816);
}

TEST(BuildSubnetTest, In3HasTheMacsOfTheReleasedNetwork) {
  EXPECT_EQ(Measure(Build(Imagenet(), kIn3)).macs, 81'785'520);
}

TEST(BuildSubnetTest, EverySampleIsAValidGraph) {
  Random random(1);
  for (const std::string& name : SpacePresetNames()) {
    Space space = *SpacePreset(name);
    for (double width_mult : space.width_mults()) {
      for (int32_t resolution : space.resolutions()) {
        absl::StatusOr<Graph> graph =
            BuildSubnet(space, SampleSubnet(space, width_mult, resolution, random));
        ASSERT_THAT(graph, IsOk());
        EXPECT_THAT(Validate(*graph), IsOk());
      }
    }
  }
}

TEST(BuildSubnetTest, ShapesFollowTheStrides) {
  Graph graph = Build(Imagenet(), kVww1);
  EXPECT_EQ(graph.shape(graph.input).ToString(), "80x80x3");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "stem")).ToString(), "40x40x16");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "first.project")).ToString(), "40x40x8");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "s0b0.expand")).ToString(), "40x40x48");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "s0b0.depthwise")).ToString(), "20x20x48");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "s5b0.project")).ToString(), "3x3x160");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "mean")).ToString(), "1x1x160");
  EXPECT_EQ(graph.output_shape(FindOp(graph, "classifier")).ToString(), "1x1x2");
}

TEST(BuildSubnetTest, OnlyProjectionsAndTheClassifierAreLinear) {
  Graph graph = Build(Imagenet(), kVww1);
  EXPECT_EQ(FindOp(graph, "stem").activation, Activation::kRelu6);
  EXPECT_EQ(FindOp(graph, "s1b1.expand").activation, Activation::kRelu6);
  EXPECT_EQ(FindOp(graph, "s1b1.depthwise").activation, Activation::kRelu6);
  EXPECT_EQ(FindOp(graph, "s1b1.project").activation, Activation::kNone);
  EXPECT_EQ(FindOp(graph, "s1b1.add").activation, Activation::kNone);
}

TEST(BuildSubnetTest, ShortcutsAreWhereShapesAgree) {
  Graph graph = Build(Imagenet(), kVww1);
  EXPECT_FALSE(HasOp(graph, "s0b0.add"));  // Strides.
  EXPECT_TRUE(HasOp(graph, "s0b1.add"));
  EXPECT_FALSE(HasOp(graph, "s3b0.add"));  // Stride 1, but 40 channels become 48.
  EXPECT_FALSE(HasOp(graph, "s5b0.add"));
}

TEST(BuildSubnetTest, TheFirstBlockHasNoShortcutEvenWhereShapesAgree) {
  Graph graph = *BuildSubnet(Imagenet(), SmallestSubnet(Imagenet(), 0.2, 48));
  EXPECT_EQ(graph.output_shape(FindOp(graph, "stem")),
            graph.output_shape(FindOp(graph, "first.project")));
  EXPECT_FALSE(HasOp(graph, "first.add"));
}

TEST(BuildSubnetTest, ExpandRatioOneHasNoExpansion) {
  Space space = Imagenet();
  Subnet subnet = SmallestSubnet(space, 0.5, 80);
  subnet.stages[2][1].expand_ratio = 1;
  Graph graph = *BuildSubnet(space, subnet);
  EXPECT_FALSE(HasOp(graph, "s2b1.expand"));
  EXPECT_TRUE(HasOp(graph, "s2b1.depthwise"));
}

TEST(BuildSubnetTest, TheMixConvolutionGrowsButDoesNotShrink) {
  Space space = Imagenet();
  space.set_mix_width(1280);
  Graph narrow = *BuildSubnet(space, SmallestSubnet(space, 0.5, 80));
  Graph wide = *BuildSubnet(space, SmallestSubnet(space, 1.5, 80));
  EXPECT_EQ(FindOp(narrow, "mix").out_channels, 1280);
  EXPECT_EQ(FindOp(wide, "mix").out_channels, 1920);
}

TEST(BuildSubnetTest, ClassesAndInputChannelsAreTheSubnets) {
  Space space = Imagenet();
  Subnet subnet = SmallestSubnet(space, 0.5, 80);
  subnet.classes = 7;
  subnet.input_channels = 1;
  Graph graph = *BuildSubnet(space, subnet);
  EXPECT_EQ(graph.shape(graph.input).channels, 1);
  EXPECT_EQ(graph.shape(graph.outputs[0]).channels, 7);
}

TEST(BuildSubnetTest, TheSmallestResolutionStillMakesANetwork) {
  Space space = Imagenet();
  absl::StatusOr<Graph> graph = BuildSubnet(space, LargestSubnet(space, 1.5, kMinResolution));
  ASSERT_THAT(graph, IsOk());
  EXPECT_EQ(graph->output_shape(FindOp(*graph, "s5b0.project")).ToString(), "1x1x480");
}

TEST(BuildSubnetTest, WidthsBeyondAGraphAreAnErrorThatNamesTheOperator) {
  Space space = Imagenet();
  space.mutable_stages(0)->set_width(kMaxBaseWidth);
  Subnet subnet = LargestSubnet(space, kMaxWidthMult, 224);
  EXPECT_THAT(BuildSubnet(space, subnet),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("s0b1.expand")));
}

// What a training preset for one CPU needs: networks that learn in minutes.
TEST(BuildSubnetTest, SmallImageSpaceAtAFifthOfTheWidthIsTiny) {
  Space space = *SpacePreset("mbv2-small-image");
  space.set_input_channels(1);
  Graph largest = *BuildSubnet(space, LargestSubnet(space, 0.2, 28));
  Graph smallest = *BuildSubnet(space, SmallestSubnet(space, 0.2, 28));
  EXPECT_EQ(Measure(largest).macs, 5'936'288);
  EXPECT_EQ(Measure(smallest).macs, 946'568);
  EXPECT_EQ(largest.output_shape(FindOp(largest, "s4b0.project")).ToString(), "4x4x40");
}

}  // namespace
}  // namespace boardloop
