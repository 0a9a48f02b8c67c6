#include "server/search/spec.h"

#include <algorithm>
#include <utility>

namespace boardloop {
namespace {

void FillEvolution(v1::EvolutionSpec& evolution) {
  if (evolution.population() == 0) evolution.set_population(100);
  const int32_t population = evolution.population();
  if (evolution.parents() == 0) evolution.set_parents(std::max(1, population / 5));
  if (evolution.crossovers() == 0 && evolution.mutations() == 0) {
    evolution.set_crossovers(population / 2);
    evolution.set_mutations(population / 2);
  }
  if (evolution.mutation_rate() == 0) evolution.set_mutation_rate(0.1);
}

void FillSpecialization(v1::SpecializationSpec& specialization) {
  if (specialization.finalists() == 0) specialization.set_finalists(1);
  if (specialization.peak_rate() == 0) specialization.set_peak_rate(0.05);
  if (specialization.board_images() == 0) specialization.set_board_images(100);
}

}  // namespace

v1::SearchSpec WithDefaults(v1::SearchSpec spec) {
  if (spec.objective() == v1::OBJECTIVE_UNSPECIFIED) spec.set_objective(v1::OBJECTIVE_ACCURACY);
  if (spec.measure() == v1::MEASURE_POLICY_UNSPECIFIED) spec.set_measure(v1::MEASURE_POLICY_ALL);
  v1::SpaceOptimizationSpec& spaces = *spec.mutable_space_optimization();
  if (spaces.samples() == 0) spaces.set_samples(1000);
  if (spaces.min_survival_rate() == 0) spaces.set_min_survival_rate(0.05);
  v1::ScoringSpec& scoring = *spec.mutable_scoring();
  if (scoring.calibration_images() == 0) scoring.set_calibration_images(1280);
  FillEvolution(*spec.mutable_evolution());
  FillSpecialization(*spec.mutable_specialization());
  return spec;
}

}  // namespace boardloop
