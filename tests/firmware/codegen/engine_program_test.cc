#include "firmware/codegen/engine_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/quant/interpreter.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "tests/firmware/codegen/halo_network.h"
#include "tests/firmware/codegen/host_network.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<int8_t> RandomInput(const Graph& graph, uint64_t seed) {
  Random random(seed);
  std::vector<int8_t> values(graph.shape(graph.input).elements());
  for (int8_t& value : values) value = static_cast<int8_t>(random.Between(-128, 127));
  return values;
}

Plan PlanOf(const Graph& graph, const PlanOptions& options) {
  absl::StatusOr<Plan> plan = PlanGraph(graph, options);
  EXPECT_THAT(plan, IsOk());
  return *std::move(plan);
}

// As small as patches can make it: many tiles.
PlanOptions SmallestArena(InputMode input) {
  PlanOptions options;
  options.sram_limit = 1;
  options.input = input;
  return options;
}

PlanOptions LayerByLayer(InputMode input) {
  PlanOptions options;
  options.patch = false;
  options.input = input;
  return options;
}

// Runs the program and the interpreter on the same inputs.
void ExpectSameBytes(const Model& model, const Plan& plan, int inputs) {
  absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, plan, KernelSet::kPortable);
  ASSERT_THAT(program, IsOk());
  absl::StatusOr<std::unique_ptr<HostNetwork>> host = HostNetwork::Create(*program);
  ASSERT_THAT(host, IsOk());
  absl::StatusOr<Interpreter> interpreter = Interpreter::Create(model);
  ASSERT_THAT(interpreter, IsOk());
  for (int i = 0; i < inputs; ++i) {
    const std::vector<int8_t> input = RandomInput(model.graph, i);
    absl::StatusOr<HostNetwork::Run> run = (*host)->RunOnce(input);
    ASSERT_THAT(run, IsOk());
    ASSERT_THAT(interpreter->Run(input), IsOk());
    const absl::Span<const int8_t> expected = interpreter->Output();
    ASSERT_EQ(run->output, std::vector<int8_t>(expected.begin(), expected.end()))
        << "input " << i << ", grid " << plan.patch.grid;
    ASSERT_EQ(run->laps, program->LapSteps());
  }
}

void ExpectSameBytesInAllModes(const Model& model, int inputs) {
  for (InputMode input : {InputMode::kResident, InputMode::kStreamed}) {
    SCOPED_TRACE(input == InputMode::kResident ? "resident" : "streamed");
    ExpectSameBytes(model, PlanOf(model.graph, LayerByLayer(input)), inputs);
    ExpectSameBytes(model, PlanOf(model.graph, SmallestArena(input)), inputs);
  }
}

int Seeds(int normally) {
  const char* text = std::getenv("BL_PROGRAM_SEEDS");
  return text == nullptr ? normally : std::atoi(text);
}

// ---- What comes out is what core/quant computes.

TEST(EngineProgramTest, RandomGraphsGiveTheInterpretersBytes) {
  const int seeds = Seeds(300);
  int in_patches = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Graph graph = RandomGraph(seed);
    in_patches += PlanOf(graph, SmallestArena(InputMode::kStreamed)).patch.grid > 1;
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesInAllModes(RandomModel(graph, seed), 2));
    if (HasFailure()) return;
  }
  EXPECT_GT(in_patches, seeds / 10);  // Or the graphs would test nothing of tiles.
}

TEST(EngineProgramTest, SubnetsGiveTheInterpretersBytes) {
  Random random(1);
  for (const std::string& name : SpacePresetNames()) {
    absl::StatusOr<Space> space = SpacePreset(name);
    ASSERT_THAT(space, IsOk());
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(name + " subnet " + std::to_string(i));
      const double width_mult = 0.2 + 0.1 * i;
      const int32_t resolution = name == "mbv2-imagenet" ? 48 + 16 * i : 28 + 4 * i;
      const Subnet subnet = SampleSubnet(*space, width_mult, resolution, random);
      absl::StatusOr<Graph> graph = BuildSubnet(*space, subnet);
      ASSERT_THAT(graph, IsOk());
      ASSERT_NO_FATAL_FAILURE(ExpectSameBytesInAllModes(RandomModel(*graph, i), 2));
    }
  }
}

// Squeeze-and-excite, residual bottlenecks, wide heads.
TEST(EngineProgramTest, ReferenceNetworksGiveTheInterpretersBytes) {
  for (const char* spec :
       {"mnasnet_a1:res=48,width=0.35,classes=10", "resnet18:res=32,width=0.125,classes=10",
        "proxyless_mobile:res=48,width=0.25,classes=10"}) {
    SCOPED_TRACE(spec);
    absl::StatusOr<Graph> graph = BuildReferenceNetwork(spec);
    ASSERT_THAT(graph, IsOk());
    ASSERT_NO_FATAL_FAILURE(ExpectSameBytesInAllModes(RandomModel(*graph, 1), 1));
  }
}

TEST(EngineProgramTest, AGrowingConvolutionInPlaceOfALargerTileGivesTheSameBytes) {
  ExpectSameBytesInAllModes(MakeHaloNetwork().model, 2);
}

TEST(EngineProgramTest, AnArenaInSeveralRegionsGivesTheSameBytes) {
  absl::StatusOr<Graph> graph = BuildReferenceNetwork("resnet18:res=32,width=0.125,classes=10");
  ASSERT_THAT(graph, IsOk());
  const Plan whole = PlanOf(*graph, LayerByLayer(InputMode::kResident));
  PlanOptions options = LayerByLayer(InputMode::kResident);
  options.regions = {whole.peak_sram_bytes * 9 / 10, whole.peak_sram_bytes / 2};
  const Plan plan = PlanOf(*graph, options);
  ASSERT_THAT(plan.region_bytes, SizeIs(2));
  ExpectSameBytes(RandomModel(*graph, 1), plan, 2);
}

// ---- Its shape.

// A 3x3 stem of stride 2 and an inverted residual on 16 x 16 pixels.
Graph SmallNetwork() {
  GraphBuilder builder("small");
  int32_t x = builder.Input({16, 16, 3});
  x = builder.Conv("stem", x, 8, CenteredWindow(3, 2), Activation::kRelu6);
  const int32_t shortcut = x;
  x = builder.Conv("expand", x, 24, Window{}, Activation::kRelu6);
  x = builder.Depthwise("depthwise", x, CenteredWindow(3, 1), Activation::kRelu6);
  x = builder.Conv("project", x, 8, Window{}, Activation::kNone);
  x = builder.AddTensors("add", shortcut, x, Activation::kNone);
  x = builder.FullyConnected("classifier", builder.Mean("mean", x), 10);
  return *std::move(builder).Build({x});
}

EngineProgram ProgramOf(const Graph& graph, const PlanOptions& options) {
  absl::StatusOr<EngineProgram> program =
      MakeEngineProgram(RandomModel(graph, 1), PlanOf(graph, options), KernelSet::kPortable);
  EXPECT_THAT(program, IsOk());
  return *std::move(program);
}

TEST(EngineProgramTest, LayerByLayerIsOneStageWithACallPerStep) {
  const EngineProgram program = ProgramOf(SmallNetwork(), LayerByLayer(InputMode::kResident));
  ASSERT_THAT(program.stages, SizeIs(1));
  EXPECT_THAT(program.LapSteps(), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(program.stages[0].input_rows, IsEmpty());
  for (const EngineCall& call : program.stages[0].calls) EXPECT_THAT(call.rows, IsEmpty());
}

TEST(EngineProgramTest, AProjectionAndItsShortcutAreOneCall) {
  const EngineProgram program = ProgramOf(SmallNetwork(), LayerByLayer(InputMode::kResident));
  EXPECT_EQ(program.steps[3].op, "CONV_2D + ADD");
  EXPECT_EQ(program.steps[3].name, "project");
  const Geometry& geometry = program.stages[0].calls[3].geometry;
  ASSERT_TRUE(geometry.second.has_value());
  EXPECT_EQ(geometry.second->offset, geometry.output.offset);
  EXPECT_EQ(geometry.second_pitch, 8 * 8);
}

TEST(EngineProgramTest, AStreamedStemReadsTheRowsUnderItsWindow) {
  const EngineProgram program = ProgramOf(SmallNetwork(), LayerByLayer(InputMode::kStreamed));
  ASSERT_THAT(program.stages, SizeIs(2));
  const EngineStage& stem = program.stages[0];
  EXPECT_EQ(stem.grid_rows, 8);
  EXPECT_EQ(stem.grid_columns, 1);
  ASSERT_THAT(stem.input_rows, SizeIs(8));
  EXPECT_EQ(stem.input_rows[0].first, 0);
  EXPECT_EQ(stem.input_rows[0].count, 2);  // The third lies in the padding.
  EXPECT_EQ(stem.input_rows[1].first, 1);
  EXPECT_EQ(stem.input_rows[1].count, 3);
  EXPECT_EQ(stem.calls[0].rows[0].pad, 1);
  EXPECT_EQ(stem.calls[0].rows[1].pad, 0);
  EXPECT_EQ(stem.calls[0].rows[5].output_first, 5);
}

TEST(EngineProgramTest, TilesOfAResidentInputAreWindowsOfTheWholeImage) {
  const EngineProgram program = ProgramOf(SmallNetwork(), SmallestArena(InputMode::kResident));
  ASSERT_THAT(program.stages, SizeIs(2));
  const EngineCall& stem = program.stages[0].calls[0];
  EXPECT_GT(program.stages[0].grid_rows, 1);
  EXPECT_THAT(program.stages[0].input_rows, IsEmpty());
  EXPECT_GT(stem.rows.back().input_first, 0);
  EXPECT_EQ(stem.columns[0].input_pitch, 16 * 3);
}

TEST(EngineProgramTest, HalosCountInTheMacsOfTheirSteps) {
  const Graph graph = SmallNetwork();
  const Plan plan = PlanOf(graph, SmallestArena(InputMode::kStreamed));
  absl::StatusOr<EngineProgram> program =
      MakeEngineProgram(RandomModel(graph, 1), plan, KernelSet::kPortable);
  ASSERT_THAT(program, IsOk());
  int64_t macs = 0;
  for (const StepInfo& step : program->steps) macs += step.macs;
  EXPECT_EQ(macs, plan.patch.macs);
}

TEST(EngineProgramTest, CallsHaveConstantsOfTheirOwnAlignedToWords) {
  const EngineProgram program = ProgramOf(SmallNetwork(), LayerByLayer(InputMode::kResident));
  const NetworkSize size = Measure(SmallNetwork());
  EXPECT_GE(program.weight_bytes, size.weight_bytes);
  int64_t end = 0;
  for (const EngineCall& call : program.stages[0].calls) {
    if (call.data_bytes == 0) continue;
    EXPECT_EQ(call.data % 4, 0);
    EXPECT_GE(call.data, end);
    end = call.data + call.data_bytes;
  }
  EXPECT_EQ(end, static_cast<int64_t>(program.constants.size()));
}

// Two sigmoids of one tensor have one table.
TEST(EngineProgramTest, EqualConstantsAreStoredOnce) {
  GraphBuilder builder("gates");
  const int32_t x = builder.Input({4, 4, 4});
  std::vector<int32_t> outputs;
  for (const char* name : {"a", "b"}) {
    Op op;
    op.kind = OpKind::kSigmoid;
    op.name = name;
    op.inputs = {x};
    outputs.push_back(builder.Add(op));
  }
  absl::StatusOr<Graph> graph = std::move(builder).Build(outputs);
  ASSERT_THAT(graph, IsOk());
  EXPECT_THAT(ProgramOf(*graph, LayerByLayer(InputMode::kResident)).constants, SizeIs(256));
}

TEST(EngineProgramTest, AReshapeInPlaceIsNoCall) {
  GraphBuilder builder("reshape");
  int32_t x = builder.Input({4, 4, 4});
  x = builder.Conv("conv", x, 4, Window{}, Activation::kNone);
  Op op;
  op.kind = OpKind::kReshape;
  op.name = "reshape";
  op.inputs = {x};
  op.reshape = {1, 1, 64};
  x = builder.Add(op);
  absl::StatusOr<Graph> graph = std::move(builder).Build({x});
  ASSERT_THAT(graph, IsOk());
  const EngineProgram program = ProgramOf(*graph, LayerByLayer(InputMode::kResident));
  EXPECT_THAT(program.LapSteps(), ElementsAre(0));
  EXPECT_THAT(program.steps, SizeIs(2));
  ExpectSameBytesInAllModes(RandomModel(*graph, 1), 1);
}

// ---- What it refuses.

TEST(EngineProgramTest, RefusesAnOutputThatIsTheInput) {
  GraphBuilder builder("nothing");
  const int32_t x = builder.Input({4, 4, 4});
  builder.Conv("unused", x, 4, Window{}, Activation::kNone);
  absl::StatusOr<Graph> graph = std::move(builder).Build({x});
  ASSERT_THAT(graph, IsOk());
  const Plan plan = PlanOf(*graph, LayerByLayer(InputMode::kResident));
  EXPECT_THAT(MakeEngineProgram(RandomModel(*graph, 1), plan, KernelSet::kPortable),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("output is its input")));
}

TEST(EngineProgramTest, RefusesAPlanOfAnotherModel) {
  const Plan plan = PlanOf(SmallNetwork(), LayerByLayer(InputMode::kResident));
  absl::StatusOr<Graph> other = BuildReferenceNetwork("mobilenet_v2:res=48,width=0.35");
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(MakeEngineProgram(RandomModel(*other, 1), plan, KernelSet::kPortable),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("plan")));
}

}  // namespace
}  // namespace boardloop
