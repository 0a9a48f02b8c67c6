#include "cli/remote/presets.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

// Where Debian's package dataset-fashion-mnist puts its files.
constexpr char kFashionMnist[] = "/usr/share/datasets/fashion-mnist";

// What the presets share. Training is that of the worker's presets of the same names (worker/presets.cc): sandwich rule, the
// papers' optimizer and smoothing.
v1::SearchSpec Base() {
  v1::SearchSpec spec;
  spec.mutable_dataset()->set_kind(v1::DatasetSpec::IDX);
  spec.mutable_dataset()->set_path(kFashionMnist);
  spec.set_board_type("virtual-stm32f405");
  spec.set_objective(v1::OBJECTIVE_ACCURACY);
  spec.set_measure(v1::MEASURE_POLICY_ALL);
  v1::TrainingSpec& training = *spec.mutable_supernet_training();
  training.set_recipe(v1::TrainingSpec::SANDWICH);
  training.set_random_subnets(1);
  training.set_batch_size(64);
  training.set_micro_batch_size(32);
  training.set_peak_rate(0.8);
  training.set_momentum(0.9);
  training.set_weight_decay(5e-5);
  training.set_label_smoothing(0.1);
  spec.mutable_space_optimization()->add_resolutions(28);
  spec.set_seed(1);
  return spec;
}

v1::SearchSpec Quick() {
  v1::SearchSpec spec = Base();
  spec.mutable_supernet_training()->set_epochs(3);
  spec.mutable_supernet_training()->set_warmup_epochs(0.2);
  spec.mutable_space_optimization()->set_samples(200);
  spec.mutable_space_optimization()->add_width_mults(0.2);
  spec.mutable_scoring()->set_images(2000);
  spec.mutable_evolution()->set_population(16);
  spec.mutable_evolution()->set_generations(4);
  spec.mutable_specialization()->set_epochs(1);
  return spec;
}

v1::SearchSpec Standard() {
  v1::SearchSpec spec = Base();
  v1::TrainingSpec& training = *spec.mutable_supernet_training();
  training.set_epochs(30);
  training.set_warmup_epochs(1);
  training.mutable_augmentation()->set_crop_padding(2);
  training.mutable_augmentation()->set_horizontal_flip(true);
  for (const double width_mult : {0.2, 0.3, 0.4, 0.5}) {
    spec.mutable_space_optimization()->add_width_mults(width_mult);
  }
  spec.mutable_evolution()->set_population(100);
  spec.mutable_evolution()->set_generations(30);
  spec.mutable_specialization()->set_finalists(2);
  spec.mutable_specialization()->set_epochs(5);
  spec.mutable_specialization()->set_qat_epochs(1);
  return spec;
}

}  // namespace

std::vector<std::string> SearchPresetNames() { return {"quick", "standard"}; }

absl::StatusOr<v1::SearchSpec> SearchPreset(const std::string& name) {
  if (name != "quick" && name != "standard") {
    return absl::NotFoundError(absl::StrFormat("no search preset \"%s\"; there are %s", name,
                                               absl::StrJoin(SearchPresetNames(), ", ")));
  }
  v1::SearchSpec spec = name == "quick" ? Quick() : Standard();
  BL_ASSIGN_OR_RETURN(*spec.mutable_space(), SpacePreset("mbv2-small-image"));
  spec.mutable_space()->set_input_channels(1);
  return spec;
}

}  // namespace boardloop
