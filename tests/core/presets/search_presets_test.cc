#include "core/presets/search_presets.h"

#include <gtest/gtest.h>

namespace boardloop {
namespace {

v1::EvolutionSpec Quick() { return SearchPreset("quick")->evolution(); }

TEST(ScaleEvolutionTest, AnotherPopulationLeavesTheOthersToTheCoordinator) {
  v1::EvolutionSpec over, base = Quick();
  over.set_population(8);
  ScaleEvolution(over, base);
  EXPECT_EQ(base.parents(), 0);
  EXPECT_EQ(base.crossovers(), 0);
  EXPECT_EQ(base.mutations(), 0);
  EXPECT_EQ(base.generations(), Quick().generations());
}

TEST(ScaleEvolutionTest, OneKindOfChildrenDoesNotTurnTheOtherOff) {
  v1::EvolutionSpec over, base = Quick();
  over.set_population(8);
  over.set_mutations(6);
  ScaleEvolution(over, base);
  EXPECT_EQ(base.crossovers(), 4);
}

TEST(ScaleEvolutionTest, WithoutAPopulationAllStay) {
  v1::EvolutionSpec over, base = Quick();
  over.set_mutations(6);
  ScaleEvolution(over, base);
  EXPECT_EQ(base.SerializeAsString(), Quick().SerializeAsString());
}

}  // namespace
}  // namespace boardloop
