#include "core/presets/search_presets.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/presets/training_presets.h"

namespace boardloop {
namespace {

// Where Debian's package dataset-fashion-mnist puts its files.
constexpr char kFashionMnist[] = "/usr/share/datasets/fashion-mnist";

v1::SearchSpec Base(const TrainingPreset& preset) {
  v1::SearchSpec spec;
  spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
  spec.mutable_dataset()->set_path(kFashionMnist);
  spec.set_board_type("virtual-stm32f405");
  *spec.mutable_space() = preset.supernet.space();
  // Of the data set, so that planning before anything is loaded plans the right networks.
  spec.mutable_space()->set_classes(10);
  spec.mutable_space()->set_input_channels(1);
  spec.mutable_space_optimization()->add_width_mults(preset.supernet.width_mult());
  spec.mutable_space_optimization()->add_resolutions(preset.supernet.resolution());
  *spec.mutable_supernet_training() = preset.training;
  spec.set_objective(v1::OBJECTIVE_ACCURACY);
  spec.set_measure(v1::MEASURE_POLICY_ALL);
  spec.set_seed(1);
  return spec;
}

v1::SearchSpec Quick(const TrainingPreset& preset) {
  v1::SearchSpec spec = Base(preset);
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

v1::SearchSpec Standard(const TrainingPreset& preset) {
  v1::SearchSpec spec = Base(preset);
  spec.mutable_evolution()->set_generations(30);  // The rest are the papers' numbers by default.
  spec.mutable_specialization()->set_finalists(3);
  spec.mutable_specialization()->set_epochs(5);
  spec.mutable_specialization()->set_qat_epochs(2);
  return spec;
}

}  // namespace

std::vector<std::string> SearchPresetNames() { return {"quick", "standard"}; }

absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name) {
  if (name != "quick" && name != "standard") {
    return absl::NotFoundError(absl::StrCat("no search preset \"", name, "\"; there are ",
                                            absl::StrJoin(SearchPresetNames(), ", ")));
  }
  BL_ASSIGN_OR_RETURN(const TrainingPreset preset, GetTrainingPreset(name));
  return name == "quick" ? Quick(preset) : Standard(preset);
}

void DropTraining(v1::SearchSpec& preset) {
  preset.clear_dataset();
  preset.clear_space();
  preset.clear_supernet_training();
  preset.mutable_space_optimization()->clear_width_mults();
  preset.mutable_space_optimization()->clear_resolutions();
}

void ScaleEvolution(const v1::EvolutionSpec& over, v1::EvolutionSpec& base) {
  if (over.population() == 0) return;
  base.clear_parents();
  base.clear_crossovers();
  base.clear_mutations();
  // Both 0 stand for their share, one 0 for none.
  if (over.crossovers() > 0 && over.mutations() == 0) base.set_mutations(over.population() / 2);
  if (over.mutations() > 0 && over.crossovers() == 0) base.set_crossovers(over.population() / 2);
}

}  // namespace boardloop
