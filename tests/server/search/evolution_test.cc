#include "server/search/evolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/random.h"
#include "tests/server/search/landscape.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kSeeds = 8;

std::vector<std::string> Texts(const Generation& generation) {
  std::vector<std::string> texts;
  for (const Child& child : generation.children) texts.push_back(CanonicalText(child.subnet));
  return texts;
}

std::vector<Individual> Evaluate(const Generation& generation, int64_t first_number = 1) {
  std::vector<Individual> individuals;
  for (const Child& child : generation.children) {
    individuals.push_back(Evaluated(child, first_number++));
  }
  return individuals;
}

std::vector<Individual> FirstIndividuals(const EvolutionProblem& problem) {
  const absl::StatusOr<Generation> first = FirstGeneration(problem);
  CHECK(first.ok()) << first.status();
  return Evaluate(*first);
}

// All individuals of a search with this many generations after the first.
std::vector<Individual> Evolve(const EvolutionProblem& problem, int32_t generations) {
  std::vector<Individual> all = FirstIndividuals(problem);
  for (int32_t g = 1; g <= generations; ++g) {
    const absl::StatusOr<Generation> next = NextGeneration(problem, g, all);
    CHECK(next.ok()) << next.status();
    for (const Individual& i : Evaluate(*next, static_cast<int64_t>(all.size()) + 1)) {
      all.push_back(i);
    }
  }
  return all;
}

double BestTop1(const std::vector<Individual>& individuals) {
  double best = 0;
  for (const Individual& individual : individuals) best = std::max(best, *individual.top1);
  return best;
}

// The limit that about half of all subnets keep.
int64_t MedianSram(const EvolutionProblem& problem) {
  std::vector<int64_t> bytes;
  for (const Individual& i : FirstIndividuals(problem)) bytes.push_back(i.sram_bytes);
  std::sort(bytes.begin(), bytes.end());
  return bytes[bytes.size() / 2];
}

TEST(FirstGenerationTest, DrawsDistinctValidSubnets) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const EvolutionProblem problem = Problem(SmallImageSpace(), seed);
    const absl::StatusOr<Generation> generation = FirstGeneration(problem);
    ASSERT_THAT(generation, IsOk());
    EXPECT_THAT(generation->children, SizeIs(24)) << "seed " << seed;
    EXPECT_EQ(generation->shortfall, "");
    const std::vector<std::string> texts = Texts(*generation);
    EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 24u) << "seed " << seed;
    for (const Child& child : generation->children) {
      EXPECT_THAT(ValidateSubnet(problem.networks.space(), child.subnet, false), IsOk());
      EXPECT_EQ(child.subnet.input_channels, 1);
      EXPECT_EQ(child.subnet.classes, 10);
      EXPECT_EQ(child.origin, v1::Candidate::SAMPLED);
      EXPECT_THAT(child.parents, IsEmpty());
    }
  }
}

TEST(FirstGenerationTest, IsAFunctionOfTheSeed) {
  const Space space = SmallImageSpace();
  const auto texts = [&](uint64_t seed) { return Texts(*FirstGeneration(Problem(space, seed))); };
  EXPECT_EQ(texts(3), texts(3));
  EXPECT_NE(texts(3), texts(4));
}

TEST(FirstGenerationTest, KeepsTheLimits) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionProblem problem = Problem(SmallImageSpace(), seed);
    problem.limits.set_sram_bytes(MedianSram(problem));
    const absl::StatusOr<Generation> generation = FirstGeneration(problem);
    ASSERT_THAT(generation, IsOk());
    EXPECT_THAT(generation->children, SizeIs(24)) << "seed " << seed;
    for (const Child& child : generation->children) {
      EXPECT_LE(child.facts.sram_bytes, problem.limits.sram_bytes());
    }
  }
}

TEST(FirstGenerationTest, NamesTheClosestWhenNothingFits) {
  EvolutionProblem problem = Problem(TinySpace(), 1);
  problem.limits.set_sram_bytes(100);
  problem.limits.set_flash_bytes(1'000'000);
  // All 42 subnets are drawn: the closest is the one that needs least.
  int64_t least = INT64_MAX;
  EvolutionProblem free = Problem(TinySpace(), 1);
  free.evolution.set_population(42);
  for (const Individual& i : FirstIndividuals(free)) least = std::min(least, i.sram_bytes);
  EXPECT_THAT(FirstGeneration(problem),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("none of 42 networks fits"), HasSubstr("100 B of SRAM"),
                             HasSubstr("needs " + std::to_string(least) + " B of SRAM"))));
}

TEST(FirstGenerationTest, SaysThatRegionsAreTooSmall) {
  EvolutionProblem problem = Problem(TinySpace(), 1);
  problem.limits.set_sram_bytes(1'000'000);
  problem.facts = [](const Subnet&) {
    NetworkFacts facts;
    facts.sram_bytes = 1000;
    facts.fits_sram = false;
    return facts;
  };
  EXPECT_THAT(FirstGeneration(problem),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("pieces")));
}

TEST(FirstGenerationTest, SaysThatTheSpaceIsExhausted) {
  EvolutionProblem problem = Problem(TinySpace(), 1);
  problem.evolution.set_population(100);
  const absl::StatusOr<Generation> generation = FirstGeneration(problem);
  ASSERT_THAT(generation, IsOk());
  EXPECT_THAT(generation->children, SizeIs(42));
  EXPECT_TRUE(generation->exhausted);
  EXPECT_THAT(generation->shortfall, HasSubstr("42 of 100"));
  EXPECT_THAT(generation->shortfall, HasSubstr("every network of the space"));
}

TEST(FirstGenerationTest, StopsAfterItsTries) {
  EvolutionProblem problem = Problem(SmallImageSpace(), 1);
  problem.tries_per_child = 3;
  int64_t calls = 0;
  problem.facts = [&](const Subnet&) {
    NetworkFacts facts;
    facts.fits_sram = ++calls % 100 == 0;
    return facts;
  };
  EXPECT_THAT(FirstGeneration(problem), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_LE(calls, 3 * 24);
}

TEST(FirstGenerationTest, PassesErrorsOn) {
  EvolutionProblem problem = Problem(TinySpace(), 1);
  problem.facts = [](const Subnet&) -> absl::StatusOr<NetworkFacts> {
    return absl::InvalidArgumentError("too wide");
  };
  EXPECT_THAT(FirstGeneration(problem),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tiny w0.2 r28")));
}

TEST(NextGenerationTest, MakesNewChildrenOfTheBest) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const EvolutionProblem problem = Problem(SmallImageSpace(), seed);
    const std::vector<Individual> first = FirstIndividuals(problem);
    std::set<int64_t> best;
    for (const Individual& i : SelectBest(v1::OBJECTIVE_ACCURACY, first, 8)) best.insert(i.number);
    std::set<std::string> seen;
    for (const Individual& i : first) seen.insert(CanonicalText(i.subnet));
    const absl::StatusOr<Generation> next = NextGeneration(problem, 1, first);
    ASSERT_THAT(next, IsOk());
    ASSERT_THAT(next->children, SizeIs(24)) << "seed " << seed;
    for (size_t i = 0; i < 24; ++i) {
      const Child& child = next->children[i];
      EXPECT_TRUE(seen.insert(CanonicalText(child.subnet)).second) << "seed " << seed;
      EXPECT_EQ(child.origin, i < 12 ? v1::Candidate::CROSSED : v1::Candidate::MUTATED);
      EXPECT_THAT(child.parents, SizeIs(i < 12 ? 2 : 1));
      for (const int64_t parent : child.parents) EXPECT_EQ(best.count(parent), 1u);
      if (i < 12) {
        EXPECT_NE(child.parents[0], child.parents[1]);
      }
    }
  }
}

TEST(NextGenerationTest, DoesNotDependOnTheOrderOfIndividuals) {
  for (const v1::Objective objective : {v1::OBJECTIVE_ACCURACY, v1::OBJECTIVE_PARETO}) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      EvolutionProblem problem = Problem(SmallImageSpace(), seed);
      problem.objective = objective;
      std::vector<Individual> individuals = FirstIndividuals(problem);
      const std::vector<std::string> expected = Texts(*NextGeneration(problem, 1, individuals));
      Random random(seed);
      for (size_t i = individuals.size(); i > 1; --i) {
        std::swap(individuals[i - 1], individuals[random.Below(i)]);
      }
      EXPECT_EQ(Texts(*NextGeneration(problem, 1, individuals)), expected) << "seed " << seed;
    }
  }
}

TEST(NextGenerationTest, DiffersFromGenerationToGeneration) {
  const EvolutionProblem problem = Problem(SmallImageSpace(), 5);
  const std::vector<Individual> individuals = FirstIndividuals(problem);
  EXPECT_NE(Texts(*NextGeneration(problem, 1, individuals)),
            Texts(*NextGeneration(problem, 2, individuals)));
}

TEST(NextGenerationTest, KeepsTheLimits) {
  EvolutionProblem problem = Problem(SmallImageSpace(), 2);
  problem.limits.set_sram_bytes(MedianSram(problem));
  for (const Individual& individual : Evolve(problem, 3)) {
    EXPECT_LE(individual.sram_bytes, problem.limits.sram_bytes());
  }
}

TEST(NextGenerationTest, DescendsFromTheLeastViolatingWhenNothingIsFeasible) {
  EvolutionProblem problem = Problem(SmallImageSpace(), 1);
  problem.evolution.set_parents(2);
  std::vector<Individual> individuals = FirstIndividuals(problem);
  for (Individual& i : individuals) {
    i.feasible = false;
    i.violation = i.number == 7 ? 0.1 : i.number == 3 ? 0.2 : kDidNotRun;
  }
  const absl::StatusOr<Generation> next = NextGeneration(problem, 1, individuals);
  ASSERT_THAT(next, IsOk());
  for (const Child& child : next->children) {
    for (const int64_t parent : child.parents) EXPECT_TRUE(parent == 3 || parent == 7) << parent;
  }
}

TEST(NextGenerationTest, MutatesWhereThereIsNobodyToCrossWith) {
  const EvolutionProblem problem = Problem(SmallImageSpace(), 1);
  std::vector<Individual> individuals = FirstIndividuals(problem);
  individuals.resize(1);
  const absl::StatusOr<Generation> next = NextGeneration(problem, 1, individuals);
  ASSERT_THAT(next, IsOk());
  ASSERT_THAT(next->children, SizeIs(24));
  for (const Child& child : next->children) EXPECT_EQ(child.origin, v1::Candidate::MUTATED);
}

TEST(NextGenerationTest, EndsWhenTheSpaceDoes) {
  EvolutionProblem problem = Problem(TinySpace(), 1);
  const std::vector<Individual> all = Evolve(problem, 4);
  EXPECT_THAT(all, SizeIs(42));
  const absl::StatusOr<Generation> next = NextGeneration(problem, 5, all);
  ASSERT_THAT(next, IsOk());
  EXPECT_THAT(next->children, IsEmpty());
  EXPECT_TRUE(next->exhausted);
}

TEST(NextGenerationTest, NeedsIndividuals) {
  EXPECT_THAT(NextGeneration(Problem(TinySpace(), 1), 1, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("generation 1")));
}

TEST(EvolutionTest, BeatsRandomSearchOfEqualSize) {
  constexpr int32_t kGenerations = 8;
  int64_t wins = 0;
  double gain = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionProblem problem = Problem(SmallImageSpace(), seed);
    const double evolved = BestTop1(Evolve(problem, kGenerations));
    problem.evolution.set_population(24 * (1 + kGenerations));
    problem.seed = seed + 1000;
    const double drawn = BestTop1(FirstIndividuals(problem));
    wins += evolved > drawn ? 1 : 0;
    gain += (evolved - drawn) / kSeeds;
  }
  EXPECT_EQ(wins, static_cast<int64_t>(kSeeds));
  EXPECT_GT(gain, 0.02);
}

TEST(EvolutionTest, WidensTheFrontMoreThanRandomSearch) {
  constexpr int32_t kGenerations = 8;
  const auto volume = [](const std::vector<Individual>& individuals) {
    std::vector<ObjectiveValues> values;
    for (const Individual& i : individuals) values.push_back(ValuesOf(i));
    return Hypervolume(values, {0, 100, 100'000, true, 0});
  };
  int64_t wins = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionProblem problem = Problem(SmallImageSpace(), seed);
    problem.objective = v1::OBJECTIVE_PARETO;
    const double evolved = volume(Evolve(problem, kGenerations));
    problem.evolution.set_population(24 * (1 + kGenerations));
    problem.seed = seed + 1000;
    wins += evolved > volume(FirstIndividuals(problem)) ? 1 : 0;
  }
  EXPECT_GE(wins, static_cast<int64_t>(kSeeds) - 1);
}

TEST(CountSubnetsTest, CountsChoices) {
  EXPECT_EQ(CountSubnets(TinySpace()), 42);
  // (9^2 + 9^3 + 9^4)^4 * 9
  EXPECT_DOUBLE_EQ(CountSubnets(SmallImageSpace()), 7371.0 * 7371 * 7371 * 7371 * 9);
}

}  // namespace
}  // namespace boardloop
