// Holds the code generator to core/plan/flash_use.h: by it searches decide what fits.
#include "core/plan/flash_use.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "firmware/codegen/engine_program.h"
#include "tests/support/random_graph.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

constexpr InputMode kModes[] = {InputMode::kResident, InputMode::kStreamed};

PlanOptions Options(InputMode input, bool smallest) {
  PlanOptions options;
  options.input = input;
  options.patch = smallest;
  if (smallest) options.sram_limit = 1;  // Many tiles.
  return options;
}

// Beside code; 0 where the planner refuses.
int64_t Stored(const Model& model, const Plan& plan, KernelSet kernels) {
  const absl::StatusOr<EngineProgram> program = MakeEngineProgram(model, plan, kernels);
  EXPECT_THAT(program, IsOk());
  if (!program.ok()) return 0;
  return program->FlashBytes();
}

void ExpectWithinBound(const Graph& graph, uint64_t seed) {
  const Model model = RandomModel(graph, seed);
  for (const InputMode input : kModes) {
    for (const bool smallest : {false, true}) {
      const absl::StatusOr<Plan> plan = PlanGraph(graph, Options(input, smallest));
      ASSERT_THAT(plan, IsOk());
      const int64_t bound = FlashAtMost(graph, *plan);
      for (const KernelSet kernels : {KernelSet::kPortable, KernelSet::kDsp}) {
        ASSERT_LE(Stored(model, *plan, kernels), bound)
            << "input " << (input == InputMode::kStreamed ? "streamed" : "resident") << ", grid "
            << plan->patch.grid << (kernels == KernelSet::kDsp ? ", DSP" : ", portable");
      }
    }
  }
}

TEST(FlashUseTest, RandomGraphsKeepNoMore) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(RandomGraph(seed), seed));
  }
}

TEST(FlashUseTest, ReferenceNetworksKeepNoMore) {
  for (const char* spec :
       {"mnasnet_a1:res=48,width=0.35,classes=10", "resnet18:res=32,width=0.125,classes=10",
        "proxyless_mobile:res=48,width=0.25,classes=10", "mobilenet_v2:res=48"}) {
    SCOPED_TRACE(spec);
    const absl::StatusOr<Graph> graph = BuildReferenceNetwork(spec);
    ASSERT_THAT(graph, IsOk());
    ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(*graph, 1));
  }
}

TEST(FlashUseTest, SubnetsKeepLittleLess) {
  Random random(1);
  for (const std::string& name : SpacePresetNames()) {
    const absl::StatusOr<Space> space = SpacePreset(name);
    ASSERT_THAT(space, IsOk());
    for (int i = 0; i < 30; ++i) {
      SCOPED_TRACE(name + " subnet " + std::to_string(i));
      const double width_mult = 0.2 + 0.1 * (i % 5);
      const int32_t resolution = name == "mbv2-imagenet" ? 96 : 28;
      const absl::StatusOr<Graph> graph =
          BuildSubnet(*space, SampleSubnet(*space, width_mult, resolution, random));
      ASSERT_THAT(graph, IsOk());
      ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(*graph, i));
      const absl::StatusOr<Plan> plan = PlanGraph(*graph, Options(InputMode::kResident, false));
      ASSERT_THAT(plan, IsOk());
      const int64_t stored = Stored(RandomModel(*graph, i), *plan, KernelSet::kDsp);
      EXPECT_LE(static_cast<double>(FlashAtMost(*graph, *plan)),
                1.08 * static_cast<double>(stored));
    }
  }
}

}  // namespace
}  // namespace boardloop
