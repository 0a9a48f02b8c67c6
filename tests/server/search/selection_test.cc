#include "server/search/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Individual Feasible(int64_t number, double top1, double latency_ms, int64_t sram_bytes = 1000) {
  Individual individual;
  individual.number = number;
  individual.top1 = top1;
  individual.latency_ms = latency_ms;
  individual.sram_bytes = sram_bytes;
  individual.feasible = true;
  return individual;
}

// Scored, not measured.
Individual Scored(double top1) {
  Individual individual;
  individual.number = 100;
  individual.top1 = top1;
  individual.sram_bytes = 1000;
  return individual;
}

std::vector<int64_t> Numbers(const std::vector<Individual>& individuals) {
  std::vector<int64_t> numbers;
  for (const Individual& individual : individuals) numbers.push_back(individual.number);
  return numbers;
}

LatencyPrediction Confident(double latency_ms, double band_ms) {
  return {latency_ms, band_ms, true, ""};
}

class ShouldMeasureTest : public ::testing::Test {
 protected:
  ShouldMeasureTest() {
    question_.limits.set_latency_ms(10);
    question_.parents = 2;
  }

  MeasureDecision Ask(double top1, const LatencyPrediction& prediction) const {
    return ShouldMeasure(question_, Scored(top1), prediction, others_);
  }

  MeasureQuestion question_;
  std::vector<Individual> others_ = {Feasible(1, 0.9, 5), Feasible(2, 0.8, 5), Feasible(3, 0.7, 5)};
};

TEST(FinalistsTest, AreTheBestFeasible) {
  std::vector<Individual> individuals = {Feasible(1, 0.8, 5), Feasible(2, 0.9, 5),
                                         Feasible(3, 0.99, 5), Feasible(4, 0.7, 5)};
  individuals[2].feasible = false;
  EXPECT_THAT(Numbers(Finalists(v1::OBJECTIVE_ACCURACY, individuals, 2)), ElementsAre(2, 1));
  EXPECT_THAT(Numbers(Finalists(v1::OBJECTIVE_ACCURACY, individuals, 9)), ElementsAre(2, 1, 4));
  EXPECT_THAT(Finalists(v1::OBJECTIVE_ACCURACY, {individuals[2]}, 9), IsEmpty());
}

TEST(FinalistsTest, AreOfTheFrontForParetoSearches) {
  const std::vector<Individual> individuals = {Feasible(1, 0.9, 9), Feasible(2, 0.5, 1),
                                               Feasible(3, 0.8, 9)};
  EXPECT_THAT(Numbers(Finalists(v1::OBJECTIVE_PARETO, individuals, 2)), ElementsAre(1, 2));
}

TEST_F(ShouldMeasureTest, MeasuresWhenUnsure) {
  const MeasureDecision decision = Ask(0.1, {5, 0.1, false, "too few"});
  EXPECT_TRUE(decision.measure);
  EXPECT_THAT(decision.reason, HasSubstr("too few"));
}

TEST_F(ShouldMeasureTest, MeasuresNearTheLimit) {
  EXPECT_TRUE(Ask(0.1, Confident(9.6, 0.5)).measure);
  EXPECT_TRUE(Ask(0.1, Confident(10.4, 0.5)).measure);
  EXPECT_FALSE(Ask(0.1, Confident(9.4, 0.5)).measure);
}

TEST_F(ShouldMeasureTest, SkipsWhatIsClearlyTooSlow) {
  const MeasureDecision decision = Ask(0.99, Confident(12, 0.5));
  EXPECT_FALSE(decision.measure);
  EXPECT_THAT(decision.reason, HasSubstr("the limit is 10 ms"));
}

TEST_F(ShouldMeasureTest, MeasuresParents) {
  EXPECT_TRUE(Ask(0.85, Confident(5, 0.1)).measure);
  EXPECT_FALSE(Ask(0.75, Confident(5, 0.1)).measure);
  // Equal to a parent in both, and later.
  EXPECT_FALSE(Ask(0.8, Confident(5, 0.1)).measure);
  EXPECT_TRUE(Ask(0.8, Confident(4, 0.1)).measure);
}

TEST_F(ShouldMeasureTest, MeasuresFinalists) {
  question_.finalists = 3;
  EXPECT_THAT(Ask(0.75, Confident(5, 0.1)).reason, HasSubstr("finalist"));
  EXPECT_TRUE(Ask(0.75, Confident(5, 0.1)).measure);
}

TEST_F(ShouldMeasureTest, MeasuresTheFirst) {
  others_.clear();
  EXPECT_TRUE(Ask(0.1, Confident(5, 0.1)).measure);
}

TEST_F(ShouldMeasureTest, KnowsNoLimitOfZero) {
  question_.limits.clear_latency_ms();
  EXPECT_FALSE(Ask(0.1, Confident(1e-3, 0.5)).measure);
  EXPECT_TRUE(Ask(0.95, Confident(1e6, 0.5)).measure);
}

TEST_F(ShouldMeasureTest, WeighsTheFront) {
  question_.objective = v1::OBJECTIVE_PARETO;
  EXPECT_TRUE(Ask(0.1, Confident(1, 0.1)).measure);   // The fastest.
  EXPECT_FALSE(Ask(0.1, Confident(6, 0.1)).measure);  // Dominated.
}

}  // namespace
}  // namespace boardloop
