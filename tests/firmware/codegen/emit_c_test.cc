#include "firmware/codegen/emit_c.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/quant/interpreter.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "core/tflite/tflite.h"
#include "tests/firmware/codegen/compiled_network.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Mode {
  const char* name;
  bool patch;
  InputMode input;
};

constexpr Mode kModes[] = {{"layer by layer, resident", false, InputMode::kResident},
                           {"layer by layer, streamed", false, InputMode::kStreamed},
                           {"patches, resident", true, InputMode::kResident},
                           {"patches, streamed", true, InputMode::kStreamed}};

Plan PlanFor(const Graph& graph, const Mode& mode) {
  PlanOptions options;
  options.patch = mode.patch;
  options.input = mode.input;
  absl::StatusOr<Plan> plan = PlanGraph(graph, options);
  EXPECT_THAT(plan, IsOk());
  return *std::move(plan);
}

EngineProgram ProgramFor(const Model& model, const Plan& plan) {
  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, plan, KernelSet::kPortable);
  EXPECT_THAT(program, IsOk());
  return *std::move(program);
}

// The compiled C gives the interpreter's bytes, and its arena has the planned size.
void ExpectSameBytes(const Model& model, const Mode& mode) {
  SCOPED_TRACE(mode.name);
  const Plan plan = PlanFor(model.graph, mode);
  absl::StatusOr<std::unique_ptr<CompiledNetwork>> network =
      CompiledNetwork::Build(ProgramFor(model, plan));
  ASSERT_THAT(network, IsOk());
  for (size_t r = 0; r < plan.region_bytes.size(); ++r) {
    if (plan.region_bytes[r] == 0) continue;
    EXPECT_THAT((*network)->SymbolBytes("bl_model_arena" + std::to_string(r)),
                IsOkAndHolds(plan.region_bytes[r]));
  }
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  Random random(1);
  for (int i = 0; i < 3; ++i) {
    std::vector<int8_t> input(model.graph.shape(model.graph.input).elements());
    for (int8_t& value : input) value = static_cast<int8_t>(random.Between(-128, 127));
    ASSERT_THAT(interpreter->Run(input), IsOk());
    const absl::Span<const int8_t> expected = interpreter->Output();
    ASSERT_THAT((*network)->Run(input),
                IsOkAndHolds(std::vector<int8_t>(expected.begin(), expected.end())))
        << "input " << i;
  }
}

void ExpectSameBytesInAllModes(const Model& model) {
  for (const Mode& mode : kModes) ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(model, mode));
}

Model SampledSubnet(const std::string& preset, double width_mult, int32_t resolution) {
  absl::StatusOr<Space> space = SpacePreset(preset);
  EXPECT_THAT(space, IsOk());
  Random random(7);
  absl::StatusOr<Graph> graph =
      BuildSubnet(*space, SampleSubnet(*space, width_mult, resolution, random));
  EXPECT_THAT(graph, IsOk());
  return RandomModel(*graph, 7);
}

Model SmallModel(const std::string& operator_name = "conv") {
  GraphBuilder builder("small");
  int32_t x = builder.Input({8, 8, 3});
  x = builder.Conv(operator_name, x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 4);
  return RandomModel(*std::move(builder).Build({x}), 1);
}

// ---- The generated program runs.

TEST(EmitCTest, ASubnetOfTheImagenetSpaceGivesTheInterpretersBytes) {
  ExpectSameBytesInAllModes(SampledSubnet("mbv2-imagenet", 0.3, 64));
}

TEST(EmitCTest, ASubnetOfTheSmallImageSpaceGivesTheInterpretersBytes) {
  ExpectSameBytesInAllModes(SampledSubnet("mbv2-small-image", 0.5, 32));
}

TEST(EmitCTest, RandomGraphsGiveTheInterpretersBytes) {
  for (int seed = 0; seed < 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model = RandomModel(RandomGraph(seed), seed);
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(model, kModes[seed % 4]));
  }
}

class EmitCModelTest : public testing::TestWithParam<const char*> {};

TEST_P(EmitCModelTest, GivesTheInterpretersBytes) {
  const std::string path = std::string("../shared/data/models/") + GetParam() + ".tflite";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  absl::StatusOr<Model> model = LoadTflite(path);
  ASSERT_THAT(model, IsOk());
  ExpectSameBytesInAllModes(*model);
}

INSTANTIATE_TEST_SUITE_P(Models, EmitCModelTest,
                         testing::Values("mcunet-vww1", "mlperf-ad-autoencoder",
                                         "mlperf-ic-resnet8", "mlperf-kws-dscnn",
                                         "mlperf-vww-mobilenetv1"),
                         [](const testing::TestParamInfo<const char*>& model) {
                           std::string name = model.param;
                           for (char& c : name) {
                             if (c == '-') c = '_';
                           }
                           return name;
                         });

TEST(EmitCTest, AnArenaInSeveralRegionsHasAnArrayForEach) {
  absl::StatusOr<Graph> graph = BuildReferenceNetwork("resnet18:res=32,width=0.125,classes=10");
  ASSERT_THAT(graph, IsOk());
  PlanOptions options;
  options.patch = false;
  absl::StatusOr<Plan> whole = PlanGraph(*graph, options);
  ASSERT_THAT(whole, IsOk());
  options.regions = {whole->peak_sram_bytes * 9 / 10, whole->peak_sram_bytes / 2};
  absl::StatusOr<Plan> plan = PlanGraph(*graph, options);
  ASSERT_THAT(plan, IsOk());
  absl::StatusOr<std::unique_ptr<CompiledNetwork>> network =
      CompiledNetwork::Build(ProgramFor(RandomModel(*graph, 1), *plan));
  ASSERT_THAT(network, IsOk());
  EXPECT_THAT((*network)->SymbolBytes("bl_model_arena0"), IsOkAndHolds(plan->region_bytes[0]));
  EXPECT_THAT((*network)->SymbolBytes("bl_model_arena1"), IsOkAndHolds(plan->region_bytes[1]));
}

// ---- Its text.

TEST(EmitCTest, TheSameProgramGivesTheSameText) {
  const Model model = SampledSubnet("mbv2-imagenet", 0.3, 64);
  const Plan plan = PlanFor(model.graph, kModes[3]);
  const GeneratedSources a = EmitC(ProgramFor(model, plan), {});
  const GeneratedSources b = EmitC(ProgramFor(model, plan), {});
  EXPECT_EQ(a.header, b.header);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.constants, b.constants);
  EXPECT_EQ(a.constants_assembly, b.constants_assembly);
}

TEST(EmitCTest, ThePrefixIsThatOfAllSymbolsAndFiles) {
  const Model model = SmallModel();
  const EngineProgram program = ProgramFor(model, PlanFor(model.graph, kModes[0]));
  EXPECT_THAT(CompiledNetwork::Build(program, {.prefix = "person_detector"}), IsOk());
  const GeneratedSources sources = EmitC(program, {.prefix = "person_detector"});
  EXPECT_THAT(sources.source, Not(HasSubstr("bl_model")));
  EXPECT_THAT(sources.constants_assembly, HasSubstr("\"person_detector_constants.bin\""));
}

// Names come from a .tflite: they must not become code.
TEST(EmitCTest, NamesCannotLeaveTheirComment) {
  const Model model = SmallModel("*/ #error /* \\\n ?\?/");
  const EngineProgram program = ProgramFor(model, PlanFor(model.graph, kModes[0]));
  EXPECT_THAT(CompiledNetwork::Build(program), IsOk());
}

TEST(EmitCTest, EachStepHasACommentWithItsShapesAndMacs) {
  const Model model = SmallModel();
  const EngineProgram program = ProgramFor(model, PlanFor(model.graph, kModes[0]));
  EXPECT_THAT(EmitC(program, {}).source,
              HasSubstr("/* 0: conv, CONV_2D, 8x8x3 to 4x4x8, 3,456 MACs */"));
}

TEST(EmitCTest, ANetworkWithoutConstantsCompiles) {
  GraphBuilder builder("pool");
  const int32_t x = builder.MaxPool("pool", builder.Input({4, 4, 4}), CenteredWindow(3, 2));
  const Graph graph = *std::move(builder).Build({x});
  ASSERT_NO_FATAL_FAILURE(ExpectSameBytesInAllModes(RandomModel(graph, 1)));
}

}  // namespace
}  // namespace boardloop
