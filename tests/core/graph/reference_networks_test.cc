#include "core/graph/reference_networks.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Channels that have a batch norm: its two parameters per channel are folded into one bias here, so
// that published counts are larger by one per channel. Everything but the classifier and
// squeeze-and-excite has one.
int64_t BatchNormChannels(const Graph& graph) {
  int64_t channels = 0;
  for (const Op& op : graph.ops) {
    bool convolution = op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d;
    bool squeeze = op.name.find(".se_") != std::string::npos;
    if (convolution && !squeeze) channels += op.out_channels;
  }
  return channels;
}

struct Known {
  const char* spec;
  int64_t macs;
  int64_t params_with_batch_norm;
};

class KnownNetworkTest : public testing::TestWithParam<Known> {};

TEST_P(KnownNetworkTest, HasTheMacsAndParametersOfItsPublication) {
  const Known& known = GetParam();
  absl::StatusOr<Graph> graph = BuildReferenceNetwork(known.spec);
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(Validate(*graph), IsOk());
  NetworkSize size = Measure(*graph);
  EXPECT_EQ(size.macs, known.macs);
  EXPECT_EQ(size.params + BatchNormChannels(*graph), known.params_with_batch_norm);
}

// ResNets and MobileNetV2: torchvision's models. ProxylessNAS: 4.1 M parameters, 320 M MACs (Cai et
// al. 2019). MnasNet-A1: 3.9 M parameters, 312 M MACs (Tan et al. 2019).
INSTANTIATE_TEST_SUITE_P(All, KnownNetworkTest,
                         testing::Values(Known{"resnet18", 1'814'073'344, 11'689'512},
                                         Known{"resnet50", 4'089'184'256, 25'557'032},
                                         Known{"mobilenet_v2", 300'774'272, 3'504'872},
                                         Known{"proxyless_mobile", 320'427'584, 4'080'512},
                                         Known{"mnasnet_a1", 311'579'072, 3'887'038}),
                         [](const auto& param_info) { return std::string(param_info.param.spec); });

TEST(ReferenceNetworksTest, ListsAllNames) {
  EXPECT_THAT(ReferenceNetworkNames(), ElementsAre("resnet18", "resnet50", "mobilenet_v2",
                                                   "proxyless_mobile", "mnasnet_a1"));
}

TEST(ReferenceNetworksTest, OptionsChangeTheNetwork) {
  absl::StatusOr<Graph> graph =
      BuildReferenceNetwork("mobilenet_v2:width=0.35,res=144,classes=2,channels=1");
  ASSERT_THAT(graph, IsOk());
  EXPECT_EQ(graph->shape(graph->input).ToString(), "144x144x1");
  EXPECT_EQ(graph->shape(graph->outputs[0]).ToString(), "1x1x2");
  EXPECT_EQ(graph->ops[0].out_channels, 16);
  EXPECT_EQ(graph->name, "mobilenet_v2:width=0.35,res=144,classes=2,channels=1");
}

TEST(ReferenceNetworksTest, TheLastConvolutionGrowsButDoesNotShrink) {
  EXPECT_EQ(Measure(*BuildReferenceNetwork("mobilenet_v2:width=0.75")).macs, 209'069'792);
  absl::StatusOr<Graph> wide = BuildReferenceNetwork("mobilenet_v2:width=1.4");
  ASSERT_THAT(wide, IsOk());
  EXPECT_EQ(wide->input_shape(wide->ops.back()).channels, 1792);
}

TEST(ReferenceNetworksTest, MnasNetSqueezesToAQuarterOfTheInput) {
  absl::StatusOr<Graph> graph = BuildReferenceNetwork("mnasnet_a1");
  ASSERT_THAT(graph, IsOk());
  const Op* reduce = nullptr;
  for (const Op& op : graph->ops) {
    if (op.name == "b3.se_reduce") reduce = &op;
  }
  ASSERT_NE(reduce, nullptr);
  EXPECT_EQ(reduce->out_channels, 24 / 4);  // Of the block's 24, not of the 72 expanded ones.
}

TEST(ReferenceNetworksTest, UnknownNamesListTheKnownOnes) {
  EXPECT_THAT(BuildReferenceNetwork("vgg16"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("\"vgg16\""), HasSubstr("resnet18, resnet50"))));
}

TEST(ReferenceNetworksTest, BadOptionsAreNamed) {
  struct Case {
    const char* spec;
    const char* message;
  };
  for (const Case& bad : {
           Case{"resnet18:", "resnet18:: \"\" is not of the form key=value"},
           Case{"resnet18:res", "\"res\" is not of the form key=value"},
           Case{"resnet18:depth=3", "unknown key \"depth\"; these are: width, res, classes"},
           Case{"resnet18:res=0", "res is \"0\", must be an integer in [8, 1024]"},
           Case{"resnet18:res=1e9", "res is \"1e9\""},
           Case{"resnet18:res=", "res is \"\""},
           Case{"resnet18:width=0", "width is \"0\", must be a number above 0 and at most 8"},
           Case{"resnet18:width=nan", "width is \"nan\""},
           Case{"resnet18:width=inf", "width is \"inf\""},
           Case{"resnet18:classes=-1", "classes is \"-1\", must be an integer in [1, 65536]"},
           Case{"resnet18:channels=65", "channels is \"65\", must be an integer in [1, 64]"},
       }) {
    EXPECT_THAT(BuildReferenceNetwork(bad.spec), StatusIs(kInvalid, HasSubstr(bad.message)))
        << bad.spec;
  }
}

TEST(ReferenceNetworksTest, TheLargestOptionsDoNotOverflow) {
  for (const std::string& name : ReferenceNetworkNames()) {
    absl::StatusOr<Graph> graph =
        BuildReferenceNetwork(name + ":width=8,res=1024,classes=65536,channels=64");
    if (graph.ok()) {
      EXPECT_THAT(Validate(*graph), IsOk()) << name;
    } else {
      EXPECT_EQ(graph.status().code(), kInvalid) << name;
    }
  }
}

TEST(ReferenceNetworkKeysTest, AKeyGivenTwiceIsRefused) {
  EXPECT_THAT(BuildReferenceNetwork("resnet18:res=32,res=64"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("given twice")));
}

}  // namespace
}  // namespace boardloop
