#include "core/presets/lay_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boardloop/v1/search.pb.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;

TEST(LayOverTest, ListsAreReplacedMessagesMergedAndZerosLeaveWhatWasThere) {
  v1::SearchSpec base;
  base.set_board_type("virtual-stm32f405");
  base.set_seed(1);
  base.mutable_evolution()->set_population(24);
  base.mutable_evolution()->set_generations(3);
  base.mutable_space_optimization()->add_resolutions(28);
  base.mutable_space_optimization()->add_width_mults(0.2);

  v1::SearchSpec over;
  over.set_board_type("virtual-stm32f746");
  over.mutable_evolution()->set_generations(5);
  over.mutable_space_optimization()->add_resolutions(32);
  over.mutable_space_optimization()->add_resolutions(40);
  over.mutable_limits()->set_latency_ms(20);
  LayOver(over, base);

  EXPECT_EQ(base.board_type(), "virtual-stm32f746");
  EXPECT_EQ(base.seed(), 1);
  EXPECT_EQ(base.evolution().population(), 24);
  EXPECT_EQ(base.evolution().generations(), 5);
  EXPECT_THAT(base.space_optimization().resolutions(), ElementsAre(32, 40));
  EXPECT_THAT(base.space_optimization().width_mults(), ElementsAre(0.2));
  EXPECT_EQ(base.limits().latency_ms(), 20);
}

TEST(LayOverTest, NothingOverChangesNothing) {
  v1::SearchSpec base;
  base.mutable_space()->add_resolutions(28);
  base.mutable_space()->add_stages()->add_depths(2);
  const v1::SearchSpec before = base;
  LayOver(v1::SearchSpec(), base);
  EXPECT_EQ(base.SerializeAsString(), before.SerializeAsString());
}

}  // namespace
}  // namespace boardloop
