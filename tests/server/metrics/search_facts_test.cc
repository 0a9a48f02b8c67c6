#include "server/metrics/search_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boardloop {
namespace {

using ::testing::DoubleNear;
using ::testing::Eq;
using ::testing::Optional;

v1::Candidate Feasible(double top1, double latency_ms, int64_t sram) {
  v1::Candidate candidate;
  candidate.set_state(v1::Candidate::FEASIBLE);
  candidate.set_top1(top1);
  candidate.set_latency_ms(latency_ms);
  candidate.set_planned_sram_bytes(sram);
  return candidate;
}

v1::Limits LimitsOf(double latency_ms, int64_t sram) {
  v1::Limits limits;
  limits.set_latency_ms(latency_ms);
  limits.set_sram_bytes(sram);
  return limits;
}

TEST(FrontHypervolumeTest, OneCandidateDominatesABox) {
  EXPECT_DOUBLE_EQ(FrontHypervolume(LimitsOf(100, 1000), {Feasible(0.8, 50, 250)}),
                   0.8 * 0.5 * 0.75);
}

TEST(FrontHypervolumeTest, WhatIsDominatedTwiceCountsOnce) {
  EXPECT_DOUBLE_EQ(
      FrontHypervolume(LimitsOf(100, 1000),
                       {Feasible(0.8, 50, 500), Feasible(0.4, 25, 500), Feasible(0.3, 60, 600)}),
      0.5 * (0.8 * 0.5 + 0.4 * 0.25));
}

TEST(FrontHypervolumeTest, AnAxisWithoutALimitIsLeftOut) {
  EXPECT_DOUBLE_EQ(FrontHypervolume(LimitsOf(0, 1000), {Feasible(0.8, 1e9, 250)}), 0.8 * 0.75);
  EXPECT_DOUBLE_EQ(FrontHypervolume(LimitsOf(0, 0), {Feasible(0.8, 1, 1)}), 0.8);
}

TEST(FrontHypervolumeTest, OnlyFeasibleCandidatesCount) {
  v1::Candidate pending = Feasible(0.9, 1, 1);
  pending.set_state(v1::Candidate::PENDING);
  EXPECT_EQ(FrontHypervolume(LimitsOf(100, 1000), {pending}), 0);
  EXPECT_EQ(FrontHypervolume(LimitsOf(100, 1000), {}), 0);
}

TEST(FrontHypervolumeTest, APredictionStandsForAMeasurementThatWasSkipped) {
  v1::Candidate candidate = Feasible(0.8, 0, 500);
  candidate.clear_latency_ms();
  candidate.set_predicted_latency_ms(50);
  EXPECT_DOUBLE_EQ(FrontHypervolume(LimitsOf(100, 1000), {candidate}), 0.8 * 0.5 * 0.5);
}

TEST(SearchFactsTest, AnEndedSearchIsAtNoStage) {
  SearchView view;
  view.search.set_state(v1::Search::SUCCEEDED);
  view.search.set_stage(v1::Search::DONE);
  view.candidates = {Feasible(0.8, 1, 1)};
  const SearchFacts facts = FactsOf(view);
  EXPECT_EQ(facts.stage, v1::Search::STAGE_UNSPECIFIED);
  EXPECT_EQ(facts.progress, 1);
  EXPECT_EQ(facts.candidates.at(v1::Candidate::FEASIBLE), 1);
  EXPECT_THAT(facts.remaining, Optional(absl::ZeroDuration()));
}

v1::Search Running(v1::Search::Stage stage, double fraction) {
  v1::Search search;
  search.set_state(v1::Search::RUNNING);
  search.set_stage(stage);
  search.mutable_progress()->set_stage_fraction(fraction);
  return search;
}

TEST(RemainingTimeTest, GoesByWhatWasSeen) {
  RemainingTime remaining;
  EXPECT_THAT(remaining.Estimate(Running(v1::Search::EVOLUTION, 0.2), absl::Seconds(100)),
              Eq(std::nullopt));
  const auto left = remaining.Estimate(Running(v1::Search::EVOLUTION, 0.6), absl::Seconds(140));
  ASSERT_TRUE(left.has_value());
  EXPECT_THAT(absl::ToDoubleSeconds(*left), DoubleNear(40, 1e-6));
}

TEST(RemainingTimeTest, BeginsAnewWithEachStageAndWhenProgressIsLost) {
  RemainingTime remaining;
  remaining.Estimate(Running(v1::Search::EVOLUTION, 0.2), absl::Seconds(0));
  remaining.Estimate(Running(v1::Search::EVOLUTION, 0.6), absl::Seconds(10));
  EXPECT_THAT(remaining.Estimate(Running(v1::Search::SPECIALIZATION, 0.7), absl::Seconds(20)),
              Eq(std::nullopt));
  EXPECT_THAT(remaining.Estimate(Running(v1::Search::SPECIALIZATION, 0.1), absl::Seconds(30)),
              Eq(std::nullopt));
}

TEST(RemainingTimeTest, TheWorkersOwnFigureOfTrainingIsTaken) {
  RemainingTime remaining;
  v1::Search search = Running(v1::Search::SUPERNET, 0.5);
  search.mutable_progress()->set_train_seconds_left(77);
  EXPECT_THAT(remaining.Estimate(search, absl::Seconds(0)), Optional(absl::Seconds(77)));
}

}  // namespace
}  // namespace boardloop
