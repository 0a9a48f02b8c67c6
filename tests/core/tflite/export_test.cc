#include "absl/strings/str_cat.h"
#include "core/graph/reference_networks.h"
#include "core/tflite/tflite.h"
#include "tests/core/tflite/small_networks.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"
#include "tflite_generated.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

void ExpectRoundTrip(const Model& model) {
  absl::StatusOr<std::string> bytes = ExportTflite(model);
  ASSERT_THAT(bytes, IsOk());
  absl::StatusOr<Model> again = ImportTflite(*bytes, model.graph.name);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(ModelText(*again), ModelText(model));
}

class SmallNetworkTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SmallNetworkTest, ImportReturnsWhatWasExported) {
  ExpectRoundTrip(SmallNetwork(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, SmallNetworkTest, ::testing::ValuesIn(SmallNetworkNames()),
                         [](const auto& name) { return name.param; });

TEST(ExportTest, RandomGraphsRoundTrip) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    ExpectRoundTrip(RandomModel(RandomGraph(seed), seed));
  }
}

class ReferenceNetworkTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ReferenceNetworkTest, RoundTrips) {
  absl::StatusOr<Graph> graph = BuildReferenceNetwork(GetParam());
  ASSERT_THAT(graph, IsOk());
  ExpectRoundTrip(RandomModel(*graph, 1));
}

INSTANTIATE_TEST_SUITE_P(Small, ReferenceNetworkTest,
                         ::testing::Values("resnet18:width=0.125,res=64",
                                           "mobilenet_v2:width=0.35,res=64,classes=10",
                                           "mnasnet_a1:width=0.5,res=64,classes=10"),
                         [](const auto& spec) {
                           return spec.param.substr(0, spec.param.find(':'));
                         });

TEST(ExportTest, SameModelGivesSameBytes) {
  Model model = SmallNetwork("squeeze_and_excite");
  EXPECT_EQ(*ExportTflite(model), *ExportTflite(model));
}

TEST(ExportTest, PaddingOfConvolutionFoldsBackIntoIt) {
  absl::StatusOr<Model> model = ImportTflite(*ExportTflite(SmallNetwork("conv_padded")), "x");
  ASSERT_THAT(model, IsOk());
  ASSERT_EQ(model->graph.ops.size(), 1u);
  EXPECT_EQ(model->graph.ops[0].window.pad_top, 1);
}

TEST(ExportTest, ClassifierReturnsTwoDimensions) {
  absl::StatusOr<std::string> bytes = ExportTflite(SmallNetwork("classifier"));
  ASSERT_THAT(bytes, IsOk());
  const fb::SubGraph& graph = *fb::GetModel(bytes->data())->subgraphs()->Get(0);
  EXPECT_EQ(graph.tensors()->Get(graph.outputs()->Get(0))->shape()->size(), 2u);
}

TEST(ExportTest, AveragePoolWithOtherPaddingIsRefused) {
  GraphBuilder builder("pool");
  Op op;
  op.kind = OpKind::kAveragePool;
  op.name = "pool";
  op.inputs = {builder.Input({6, 6, 2})};
  op.window = CenteredWindow(3, 2);  // SAME would put the one row at the bottom.
  int32_t output = builder.Add(op);
  absl::StatusOr<Graph> graph = std::move(builder).Build({output});
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(ExportTflite(RandomModel(*graph, 1)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("AVERAGE_POOL_2D \"pool\"")));
}

TEST(ExportTest, InvalidModelIsRefused) {
  Model model = SmallNetwork("conv_same");
  model.weights[0].filter.pop_back();
  EXPECT_THAT(ExportTflite(model), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("a filter of 107 values, must have 108")));
}

}  // namespace
}  // namespace boardloop
