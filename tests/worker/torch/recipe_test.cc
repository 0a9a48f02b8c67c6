#include "worker/torch/recipe.h"

#include <cmath>
#include <set>
#include <string>

#include "core/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/worker/torch/small_world.h"

namespace boardloop {
namespace {

using testing::HasSubstr;

v1::TrainingSpec Training(v1::TrainingSpec::Recipe recipe) {
  v1::TrainingSpec training = SmallTraining();
  training.set_recipe(recipe);
  training.set_epochs(6);
  training.set_warmup_epochs(0.5);
  training.set_random_subnets(2);
  return training;
}

Recipe Make(v1::TrainingSpec::Recipe recipe) {
  return Recipe::Create(SmallSupernet(), Training(recipe), /*steps_per_epoch=*/100).value();
}

TEST(RecipeTest, SandwichTrainsLargestSmallestAndRandomOnesFromTheLargest) {
  const Recipe recipe = Make(v1::TrainingSpec::SANDWICH);
  EXPECT_EQ(recipe.steps(), 600);
  const StepPlan plan = recipe.At(7);
  ASSERT_EQ(plan.subnets.size(), 4);
  EXPECT_EQ(CanonicalText(plan.subnets[0]), CanonicalText(LargestOf(SmallSupernet())));
  EXPECT_EQ(CanonicalText(plan.subnets[1]), CanonicalText(SmallestOf(SmallSupernet())));
  EXPECT_EQ(plan.teacher, Teacher::kLargest);
  EXPECT_FALSE(plan.sort_channels);
}

TEST(RecipeTest, McunetTrainsTheLargestForAThirdThenSortsAndDraws) {
  const Recipe recipe = Make(v1::TrainingSpec::MCUNET);
  EXPECT_EQ(recipe.At(199).subnets.size(), 1);
  EXPECT_EQ(recipe.PhaseName(199), "full");
  EXPECT_TRUE(recipe.At(200).sort_channels);
  EXPECT_EQ(recipe.At(200).subnets.size(), 2);
  EXPECT_FALSE(recipe.At(201).sort_channels);
}

TEST(RecipeTest, OfaShrinksKernelsThenDepthsThenExpansions) {
  const Recipe recipe = Make(v1::TrainingSpec::OFA);
  EXPECT_TRUE(recipe.needs_kernel_transforms());
  const Subnet largest = LargestOf(SmallSupernet());
  std::set<std::string> phases;
  int frozen = 0, sorted = 0;
  for (int64_t step = 0; step < recipe.steps(); ++step) {
    const std::string& phase = recipe.PhaseName(step);
    phases.insert(phase);
    const StepPlan plan = recipe.At(step);
    frozen += static_cast<int>(plan.freeze_teacher);
    sorted += static_cast<int>(plan.sort_channels);
    EXPECT_EQ(plan.teacher == Teacher::kFrozen, phase != "full");
    for (const Subnet& subnet : plan.subnets) {
      for (size_t s = 0; s < subnet.stages.size(); ++s) {
        if (phase == "full" || phase == "kernel") {
          EXPECT_EQ(subnet.stages[s].size(), largest.stages[s].size());
        }
        for (const BlockGene& gene : subnet.stages[s]) {
          if (phase.find("expand") == std::string::npos) {
            EXPECT_EQ(gene.expand_ratio, 3);
          }
          if (phase == "full") {
            EXPECT_EQ(gene.kernel_size, 7);
          }
        }
      }
    }
  }
  EXPECT_EQ(phases.size(), 6);
  EXPECT_EQ(frozen, 1);
  EXPECT_EQ(sorted, 1);
}

TEST(RecipeTest, TheSameStepDrawsTheSameSubnetsAndStepsDiffer) {
  const Recipe a = Make(v1::TrainingSpec::SANDWICH), b = Make(v1::TrainingSpec::SANDWICH);
  std::set<std::string> drawn;
  for (int64_t step = 0; step < 50; ++step) {
    const std::string text = CanonicalText(a.At(step).subnets[3]);
    EXPECT_EQ(text, CanonicalText(b.At(step).subnets[3]));
    drawn.insert(text);
  }
  EXPECT_GT(drawn.size(), 20);
}

TEST(RecipeTest, TheRateWarmsUpAndFallsToZero) {
  const Recipe recipe = Make(v1::TrainingSpec::SANDWICH);
  EXPECT_NEAR(recipe.At(0).rate, 0.2 / 50, 1e-9);
  EXPECT_NEAR(recipe.At(49).rate, 0.2, 1e-9);
  EXPECT_NEAR(recipe.At(325).rate, 0.1, 1e-3);
  EXPECT_LT(recipe.At(599).rate, 1e-4);
}

TEST(RecipeTest, NumbersOutOfRangeAreNamed) {
  const auto message = [](auto change) {
    v1::TrainingSpec training = SmallTraining();
    change(training);
    return Recipe::Create(SmallSupernet(), training, 10).status().ToString();
  };
  EXPECT_THAT(message([](auto& t) { t.set_epochs(0); }), HasSubstr("epochs is 0"));
  EXPECT_THAT(message([](auto& t) { t.set_epochs(NAN); }), HasSubstr("epochs"));
  EXPECT_THAT(message([](auto& t) { t.set_batch_size(0); }), HasSubstr("batch_size"));
  EXPECT_THAT(message([](auto& t) { t.set_micro_batch_size(5); }), HasSubstr("multiple"));
  EXPECT_THAT(message([](auto& t) { t.set_momentum(1); }), HasSubstr("momentum"));
  EXPECT_THAT(message([](auto& t) { t.set_random_subnets(17); }), HasSubstr("random_subnets"));
  EXPECT_THAT(message([](auto& t) { t.clear_recipe(); }), HasSubstr("recipe"));
}

}  // namespace
}  // namespace boardloop
