// A resident measurement takes the cycles that the image takes, though weights, multipliers and so
// all activations are others.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "core/tflite/tflite.h"
#include "gmock/gmock.h"
#include "tests/device-agent/measure/agent_program.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr double kMostPercent = 0.3;

struct Network {
  std::string name;
  Graph graph;
};

// A subnet drawn from a preset.
struct Drawn {
  const char* space;
  double width_mult;
  int32_t resolution;
  uint64_t seed;
};

Network Draw(const Drawn& drawn) {
  const Space space = SpacePreset(drawn.space).value();
  Random random(drawn.seed);
  const Subnet subnet = SampleSubnet(space, drawn.width_mult, drawn.resolution, random);
  return {std::string(drawn.space) + "-" + std::to_string(drawn.seed),
          BuildSubnet(space, subnet).value()};
}

// Few MACs and a SOFTMAX of many classes.
Graph ManyClasses() {
  GraphBuilder builder("many-classes");
  int32_t x = builder.Input({32, 32, 3});
  x = builder.Conv("conv1", x, 16, CenteredWindow(3, 2), Activation::kRelu6);
  x = builder.Conv("conv2", x, 32, CenteredWindow(3, 2), Activation::kRelu6);
  Op softmax;
  softmax.kind = OpKind::kSoftmax;
  softmax.name = "softmax";
  softmax.inputs = {builder.FullyConnected("classifier", builder.Mean("mean", x), 1000)};
  x = builder.Add(softmax);
  return std::move(builder).Build({x}).value();
}

// Small enough for every run of the tests. Few MACs also let everything else count most: calls, and
// 1000 outputs of a fully connected layer.
std::vector<Network> FewNetworks() {
  const Space imagenet = SpacePreset("mbv2-imagenet").value();
  std::vector<Network> networks;
  networks.push_back({"many-classes", ManyClasses()});
  networks.push_back(
      {"mbv2-imagenet-smallest", BuildSubnet(imagenet, SmallestSubnet(imagenet, 0.2, 48)).value()});
  constexpr Drawn kDrawn[] = {{"mbv2-imagenet", 0.2, 48, 1},
                              {"mbv2-imagenet", 0.3, 64, 2},
                              {"mbv2-small-image", 0.2, 28, 3},
                              {"mbv2-small-image", 0.4, 32, 4}};
  for (const Drawn& drawn : kDrawn) networks.push_back(Draw(drawn));
  networks.push_back(
      {"mobilenet_v2", BuildReferenceNetwork("mobilenet_v2:width=0.1,res=48,classes=10").value()});
  return networks;
}

// Twenty-one with the few and the five of ../shared.
std::vector<Network> ManyNetworks() {
  std::vector<Network> networks = FewNetworks();
  constexpr Drawn kDrawn[] = {
      {"mbv2-imagenet", 0.2, 80, 5},     {"mbv2-imagenet", 0.3, 96, 6},
      {"mbv2-imagenet", 0.4, 64, 7},     {"mbv2-imagenet", 0.4, 112, 8},
      {"mbv2-imagenet", 0.5, 80, 9},     {"mbv2-small-image", 0.3, 48, 10},
      {"mbv2-small-image", 0.5, 40, 11}, {"mbv2-small-image", 0.6, 28, 12},
  };
  for (const Drawn& drawn : kDrawn) networks.push_back(Draw(drawn));
  networks.push_back(
      {"mnasnet_a1", BuildReferenceNetwork("mnasnet_a1:width=0.2,res=64,classes=10").value()});
  return networks;
}

class ResidentCyclesTest : public AgentProgramTest,
                           public testing::WithParamInterface<const char*> {
 protected:
  std::vector<std::string> Export(const std::vector<Network>& networks) const {
    std::vector<std::string> files;
    uint64_t seed = 1;
    for (const Network& network : networks) {
      const std::string name = network.name + ".tflite";
      files.push_back(Write(name, ExportTflite(RandomModel(network.graph, seed++)).value()));
    }
    return files;
  }

  // Median cycles of each model.
  std::vector<double> Cycles(const std::vector<std::string>& models, const char* mode) {
    std::vector<std::string> args = {"measure"};
    args.insert(args.end(), models.begin(), models.end());
    args.insert(args.end(),
                {"--board", GetParam(), "--mode", mode, "--runs", "1", "--inputs", "1", "--json"});
    const AgentRun run = Run(args);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    std::vector<double> cycles;
    for (const nlohmann::json& result : run.Json()) {
      if (result["outcome"] == "OK") cycles.push_back(result["cycles"]["median"]);
    }
    return cycles;
  }

  void ExpectSameCycles(const std::vector<std::string>& models) {
    const std::vector<double> image = Cycles(models, "image");
    const std::vector<double> resident = Cycles(models, "resident");
    ASSERT_EQ(image.size(), models.size());
    ASSERT_EQ(resident.size(), models.size());
    double largest = 0;
    for (size_t i = 0; i < models.size(); ++i) {
      const double percent = 100 * (resident[i] - image[i]) / image[i];
      std::printf("%-40s %10.0f %10.0f %+7.3f %%\n", fs::path(models[i]).stem().c_str(), image[i],
                  resident[i], percent);
      EXPECT_LE(std::abs(percent), kMostPercent) << models[i];
      largest = std::max(largest, std::abs(percent));
    }
    std::printf("%s: the largest of %zu differences is %.3f %%\n", GetParam(), models.size(),
                largest);
  }
};

TEST_P(ResidentCyclesTest, OfSmallNetworksAreThoseOfTheImage) {
  ExpectSameCycles(Export(FewNetworks()));
}

TEST_P(ResidentCyclesTest, OfManyNetworksAreThoseOfTheImage) {
  if (std::getenv("BL_RESIDENT_NETWORKS") == nullptr) {
    GTEST_SKIP() << "takes more than a minute; set BL_RESIDENT_NETWORKS=1";
  }
  std::vector<std::string> models = Export(ManyNetworks());
  const fs::path shared = "../shared/data/models";
  if (!fs::exists(shared)) GTEST_SKIP() << shared << " is not there";
  for (const fs::directory_entry& entry : fs::directory_iterator(shared)) {
    if (entry.path().extension() == ".tflite") models.push_back(entry.path());
  }
  ExpectSameCycles(models);
}

INSTANTIATE_TEST_SUITE_P(Boards, ResidentCyclesTest,
                         testing::Values("virtual-stm32f405", "virtual-stm32f746"),
                         [](const testing::TestParamInfo<const char*>& board) {
                           return std::string(board.param) == "virtual-stm32f405" ? "M4" : "M7";
                         });

}  // namespace
}  // namespace boardloop
