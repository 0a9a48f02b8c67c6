#include "server/search/individual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/random.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;

Individual Feasible(int64_t number, double top1, double latency_ms) {
  Individual individual;
  individual.number = number;
  individual.top1 = top1;
  individual.latency_ms = latency_ms;
  individual.sram_bytes = 1000;
  individual.feasible = true;
  return individual;
}

Individual Infeasible(int64_t number, double violation) {
  Individual individual;
  individual.number = number;
  individual.violation = violation;
  return individual;
}

std::vector<int64_t> Numbers(const std::vector<Individual>& individuals) {
  std::vector<int64_t> numbers;
  for (const Individual& individual : individuals) numbers.push_back(individual.number);
  return numbers;
}

TEST(LimitViolationTest, IsTheLargestExcess) {
  v1::Limits limits;
  limits.set_sram_bytes(1000);
  limits.set_latency_ms(10);
  EXPECT_EQ(LimitViolation(limits, 1000, 10.0), 0);
  EXPECT_DOUBLE_EQ(LimitViolation(limits, 1500, 11.0), 0.5);
  EXPECT_DOUBLE_EQ(LimitViolation(limits, 100, 30.0), 2);
  EXPECT_EQ(LimitViolation(limits, 100, std::nullopt), 0);
  EXPECT_EQ(LimitViolation(v1::Limits(), 100, 30.0), 0);
}

TEST(SelectBestTest, PrefersTopOneThenLatencyThenNumber) {
  const std::vector<Individual> individuals = {Feasible(1, 0.8, 9), Feasible(2, 0.9, 8),
                                               Feasible(3, 0.9, 7), Feasible(4, 0.9, 8)};
  EXPECT_THAT(Numbers(SelectBest(v1::OBJECTIVE_ACCURACY, individuals, 4)), ElementsAre(3, 2, 4, 1));
}

TEST(SelectBestTest, FillsWithTheLeastViolating) {
  const std::vector<Individual> individuals = {Infeasible(1, kDidNotRun), Infeasible(2, 0.5),
                                               Feasible(3, 0.1, 9), Infeasible(4, 0.2)};
  for (const v1::Objective objective : {v1::OBJECTIVE_ACCURACY, v1::OBJECTIVE_PARETO}) {
    EXPECT_THAT(Numbers(SelectBest(objective, individuals, 3)), ElementsAre(3, 4, 2));
  }
}

TEST(SelectBestTest, DoesNotDependOnOrder) {
  Random random(1);
  std::vector<Individual> individuals;
  for (int64_t n = 1; n <= 60; ++n) {  // With many ties.
    individuals.push_back(Feasible(n, 0.1 * static_cast<double>(random.Below(4)),
                                   static_cast<double>(random.Below(4))));
  }
  for (const v1::Objective objective : {v1::OBJECTIVE_ACCURACY, v1::OBJECTIVE_PARETO}) {
    const std::vector<int64_t> expected = Numbers(SelectBest(objective, individuals, 20));
    std::reverse(individuals.begin(), individuals.end());
    EXPECT_EQ(Numbers(SelectBest(objective, individuals, 20)), expected);
  }
}

}  // namespace
}  // namespace boardloop
