#include "server/report/facts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/report/sample_report.h"

namespace boardloop::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Candidate Feasible(double top1, double latency_ms, int64_t sram) {
  v1::Candidate candidate;
  candidate.set_state(v1::Candidate::FEASIBLE);
  candidate.set_top1(top1);
  candidate.set_latency_ms(latency_ms);
  candidate.set_planned_sram_bytes(sram);
  return candidate;
}

TEST(ParetoFrontTest, KeepsWhatNothingDominatesBestTop1First) {
  const std::vector<v1::Candidate> candidates = {Feasible(0.8, 10, 100), Feasible(0.9, 20, 100),
                                                 Feasible(0.85, 21, 100), Feasible(0.85, 21, 90)};
  EXPECT_THAT(ParetoFront(candidates), ElementsAre(&candidates[1], &candidates[3], &candidates[0]));
}

TEST(ParetoFrontTest, KeepsEqualCandidates) {
  const std::vector<v1::Candidate> candidates = {Feasible(0.8, 10, 100), Feasible(0.8, 10, 100)};
  EXPECT_EQ(ParetoFront(candidates).size(), 2);
}

TEST(ParetoFrontTest, LeavesOutWhatIsInfeasibleOrNotMeasured) {
  std::vector<v1::Candidate> candidates = {Feasible(0.9, 1, 1), Feasible(0.9, 1, 1),
                                           Feasible(0.9, 1, 1)};
  candidates[0].set_state(v1::Candidate::INFEASIBLE);
  candidates[1].clear_latency_ms();
  candidates[2].clear_top1();
  EXPECT_THAT(ParetoFront(candidates), IsEmpty());
}

TEST(ParetoFrontTest, AgreesWithComparingAllPairs) {
  const SearchReport report = SampleReport();
  const auto dominates = [](const v1::Candidate& a, const v1::Candidate& b) {
    const bool as_good = a.top1() >= b.top1() && a.latency_ms() <= b.latency_ms() &&
                         a.planned_sram_bytes() <= b.planned_sram_bytes();
    const bool better = a.top1() > b.top1() || a.latency_ms() < b.latency_ms() ||
                        a.planned_sram_bytes() < b.planned_sram_bytes();
    return as_good && better;
  };
  std::vector<const v1::Candidate*> comparable;
  for (const v1::Candidate& candidate : report.candidates) {
    if (candidate.state() == v1::Candidate::FEASIBLE && candidate.has_top1() &&
        candidate.has_latency_ms()) {
      comparable.push_back(&candidate);
    }
  }
  std::vector<const v1::Candidate*> expected;
  for (const v1::Candidate* one : comparable) {
    bool dominated = false;
    for (const v1::Candidate* other : comparable) dominated |= dominates(*other, *one);
    if (!dominated) expected.push_back(one);
  }
  EXPECT_THAT(ParetoFront(report.candidates), testing::UnorderedElementsAreArray(expected));
}

TEST(GatherFactsTest, TakesFiguresFromTheImage) {
  SearchReport report = SampleReport();
  report.image->set_latency_ms(12.5);
  report.resident->set_latency_ms(12.4);
  const Facts facts = GatherFacts(report);
  EXPECT_EQ(facts.latency_ms, 12.5);
  EXPECT_EQ(facts.resident_latency_ms, 12.4);
  EXPECT_EQ(facts.board_top1, 0.911);
  EXPECT_EQ(facts.timing, "MODELLED");
  EXPECT_EQ(facts.timing_model, "cortex-m4-trm 1");
}

TEST(GatherFactsTest, TakesThemFromTheResidentProgramWhenTheImageFailed) {
  SearchReport report = SampleReport();
  report.image->set_outcome(v1::Measurement::BOARD_FAILED);
  const Facts facts = GatherFacts(report);
  EXPECT_EQ(facts.measurement, &*report.resident);
  EXPECT_EQ(facts.board_top1, std::nullopt);
  EXPECT_EQ(facts.memory.code, std::nullopt);
  EXPECT_EQ(facts.memory.FlashTotal(), std::nullopt) << "a sum with an unknown part is unknown";
  EXPECT_NE(facts.memory.FlashNetwork(), std::nullopt);
}

TEST(GatherFactsTest, KnowsThePlanWithoutAnyMeasurement) {
  SearchReport report = SampleReport();
  report.image.reset();
  report.resident.reset();
  const Facts facts = GatherFacts(report);
  EXPECT_EQ(facts.measurement, nullptr);
  EXPECT_EQ(facts.memory.SramNetwork(), report.network->plan.peak_sram_bytes);
  EXPECT_EQ(facts.memory.SramTotal(), std::nullopt);
}

TEST(GatherFactsTest, MeasuredChipsHaveNoModel) {
  SearchReport report = SampleReport();
  report.image->set_timing(v1::Measurement::MEASURED);
  const Facts facts = GatherFacts(report);
  EXPECT_EQ(facts.timing, "MEASURED");
  EXPECT_EQ(facts.timing_model, "");
}

}  // namespace
}  // namespace boardloop::report
