#include "server/search/search_presets.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/space/space.h"
#include "server/search/spec.h"

namespace boardloop {
namespace {

// Where Debian's package dataset-fashion-mnist puts its files.
constexpr char kFashionMnist[] = "/usr/share/datasets/fashion-mnist";

// Training as in the worker's preset "quick" (worker/presets.cc).
void SetQuickTraining(v1::TrainingSpec& training) {
  training.set_recipe(v1::TrainingSpec::SANDWICH);
  training.set_random_subnets(1);
  training.set_momentum(0.9);
  training.set_weight_decay(5e-5);
  training.set_label_smoothing(0.1);
  training.set_epochs(3);
  training.set_batch_size(64);
  training.set_micro_batch_size(32);
  training.set_peak_rate(0.8);
  training.set_warmup_epochs(0.2);
}

// ... and as in its preset "standard".
void SetStandardTraining(v1::TrainingSpec& training) {
  SetQuickTraining(training);
  training.set_epochs(30);
  training.set_warmup_epochs(1);
  training.mutable_augmentation()->set_crop_padding(2);
  training.mutable_augmentation()->set_horizontal_flip(true);
}

v1::SearchSpec Base(const Space& space) {
  v1::SearchSpec spec;
  spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
  spec.mutable_dataset()->set_path(kFashionMnist);
  spec.set_board_type("virtual-stm32f405");
  *spec.mutable_space() = space;
  // Of the data set, so that planning before anything is loaded plans the right networks.
  spec.mutable_space()->set_classes(10);
  spec.mutable_space()->set_input_channels(1);
  spec.mutable_space_optimization()->add_width_mults(0.2);
  spec.mutable_space_optimization()->add_resolutions(28);
  spec.set_objective(v1::OBJECTIVE_ACCURACY);
  spec.set_measure(v1::MEASURE_POLICY_ALL);
  spec.set_seed(1);
  return spec;
}

v1::SearchSpec Quick(const Space& space) {
  v1::SearchSpec spec = Base(space);
  SetQuickTraining(*spec.mutable_supernet_training());
  spec.mutable_scoring()->set_images(2000);
  v1::EvolutionSpec& evolution = *spec.mutable_evolution();
  evolution.set_population(24);
  evolution.set_parents(8);
  evolution.set_crossovers(12);
  evolution.set_mutations(12);
  evolution.set_generations(3);
  spec.mutable_specialization()->set_finalists(1);
  spec.mutable_specialization()->set_epochs(1);
  return spec;
}

v1::SearchSpec Standard(const Space& space) {
  v1::SearchSpec spec = Base(space);
  SetStandardTraining(*spec.mutable_supernet_training());
  spec.mutable_evolution()->set_generations(30);  // The rest are the papers' numbers by default.
  spec.mutable_specialization()->set_finalists(3);
  spec.mutable_specialization()->set_epochs(5);
  spec.mutable_specialization()->set_qat_epochs(2);
  return spec;
}

}  // namespace

std::vector<std::string> SearchPresetNames() { return {"quick", "standard"}; }

absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name) {
  BL_ASSIGN_OR_RETURN(const Space space, SpacePreset("mbv2-small-image"));
  if (name == "quick") return WithDefaults(Quick(space));
  if (name == "standard") return WithDefaults(Standard(space));
  return absl::NotFoundError(absl::StrFormat("no search preset \"%s\"; there are %s", name,
                                             absl::StrJoin(SearchPresetNames(), ", ")));
}

}  // namespace boardloop
