#include "cli/load_network.h"

#include "core/base/files.h"
#include "core/graph/model_proto.h"
#include "core/space/network_limits.h"
#include "core/space/space.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

// MACs as the definitions published at github.com/mit-han-lab/mcunet give them.
TEST(LoadNetworkTest, ReleasedNetworksHaveTheirPublishedMacs) {
  absl::StatusOr<Graph> vww1 = LoadNetwork("mcunet_vww1", "");
  ASSERT_THAT(vww1, IsOk());
  EXPECT_EQ(Measure(*vww1).macs, 11578816);
  absl::StatusOr<Graph> in3 = LoadNetwork("mcunet_in3", "");
  ASSERT_THAT(in3, IsOk());
  EXPECT_EQ(Measure(*in3).macs, 81785520);
}

TEST(LoadNetworkTest, GraphIsNamedAsTheUserNamedIt) {
  absl::StatusOr<Graph> graph = LoadNetwork("mobilenet_v2:res=96,classes=10", "");
  ASSERT_THAT(graph, IsOk());
  EXPECT_EQ(graph->name, "mobilenet_v2:res=96,classes=10");
}

TEST(LoadModelTest, ANameGetsTheSameRandomWeightsEachTime) {
  absl::StatusOr<Model> model = LoadModel("mcunet_vww1", "");
  ASSERT_THAT(model, IsOk());
  EXPECT_THAT(ValidateModel(*model), IsOk());
  EXPECT_EQ(model->graph.name, "mcunet_vww1");
  EXPECT_EQ(model->weights[0].filter, LoadModel("mcunet_vww1", "")->weights[0].filter);
}

TEST(LoadModelTest, AModelFileHasItsWeightsAndTheNameThatTheUserGave) {
  Model model = *LoadModel("mcunet_vww1", "");
  model.weights[0].filter[0] = 42;
  const std::string path = testing::TempDir() + "/load_network_test.blm";
  ASSERT_THAT(WriteFileAtomically(path, SerializeModel(model)), IsOk());
  const absl::StatusOr<Model> loaded = LoadModel(path, "");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->weights[0].filter[0], 42);
  EXPECT_EQ(loaded->graph.name, path);
  EXPECT_THAT(LoadNetwork(path, ""), IsOk());
}

TEST(LoadNetworkTest, CanonicalTextIsASubnet) {
  absl::StatusOr<Subnet> subnet = ReleasedNetwork("mcunet_vww1");
  ASSERT_THAT(subnet, IsOk());
  absl::StatusOr<Graph> graph = LoadNetwork(CanonicalText(*subnet), "");
  ASSERT_THAT(graph, IsOk());
  EXPECT_EQ(Measure(*graph).macs, 11578816);
}

TEST(LoadNetworkTest, UnknownNameListsTheNames) {
  EXPECT_THAT(LoadNetwork("resnet", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       testing::AllOf(HasSubstr("resnet50"), HasSubstr("mcunet_vww1"))));
  EXPECT_THAT(ReleasedNetwork("x"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("mcunet_in3")));
}

BoardType BoardWithTwoMemories() {
  BoardType board;
  board.memories = {{"sram", MemoryRegion::Kind::kRam, 0x20000000, 100000, true},
                    {"ccm", MemoryRegion::Kind::kRam, 0x10000000, 50000, false},
                    {"flash", MemoryRegion::Kind::kFlash, 0x08000000, 1000000, false}};
  return board;
}

TEST(NetworkLimitsTest, ArenaLiesInOneMemory) {
  BoardType board = BoardWithTwoMemories();
  board.reserves = {4000, 2000, 60000};
  EXPECT_EQ(NetworkLimits(board).sram_bytes, 100000) << "the reserves lie in the other memory";
  EXPECT_EQ(NetworkLimits(board).flash_bytes, 940000);
}

TEST(NetworkLimitsTest, ReservesThatExceedTheOtherMemoryReduceTheArena) {
  BoardType board = BoardWithTwoMemories();
  board.reserves = {50000, 10000, 0};
  EXPECT_EQ(NetworkLimits(board).sram_bytes, 40000);
}

}  // namespace
}  // namespace boardloop
