#include "core/presets/training_presets.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

// What the presets share: the papers' optimizer and smoothing.
TrainingPreset Base(const char* name, const char* description, double width_mult,
                    int32_t resolution) {
  TrainingPreset preset;
  preset.name = name;
  preset.description = description;
  preset.supernet.set_width_mult(width_mult);
  preset.supernet.set_resolution(resolution);
  v1::TrainingSpec& training = preset.training;
  training.set_recipe(v1::TrainingSpec::MCUNET);
  training.set_random_subnets(1);
  training.set_momentum(0.9);
  training.set_weight_decay(5e-5);
  training.set_label_smoothing(0.1);
  return preset;
}

TrainingPreset Quick() {
  TrainingPreset preset =
      Base("quick", "28 x 28 images on two CPU cores in minutes", /*width_mult=*/0.2, 28);
  v1::TrainingSpec& training = preset.training;
  training.set_epochs(4);
  training.set_batch_size(64);
  training.set_micro_batch_size(32);
  training.set_peak_rate(0.8);
  training.set_warmup_epochs(0.2);
  return preset;
}

TrainingPreset Standard() {
  TrainingPreset preset = Quick();
  preset.name = "standard";
  preset.description = "the networks of quick, trained until little is gained any more";
  preset.training.set_epochs(30);
  preset.training.set_warmup_epochs(1);
  preset.training.mutable_augmentation()->set_crop_padding(2);
  preset.training.mutable_augmentation()->set_horizontal_flip(true);
  return preset;
}

TrainingPreset Cifar10() {
  TrainingPreset preset = Base("cifar10", "32 x 32 colour images on a GPU", /*width_mult=*/1.0, 32);
  v1::TrainingSpec& training = preset.training;
  training.set_epochs(200);
  training.set_batch_size(512);
  training.set_micro_batch_size(512);
  training.set_peak_rate(0.4);
  training.set_warmup_epochs(5);
  training.set_weight_decay(3e-4);
  training.mutable_augmentation()->set_crop_padding(4);
  training.mutable_augmentation()->set_horizontal_flip(true);
  training.mutable_augmentation()->set_cutout(8);
  return preset;
}

// Not for a super-network: what `finetune` does to one subnet.
TrainingPreset Finetune() {
  TrainingPreset preset = Quick();
  preset.name = "finetune";
  preset.training.set_recipe(v1::TrainingSpec::SINGLE);
  preset.training.set_epochs(2);
  preset.training.set_peak_rate(0.05);
  preset.training.set_warmup_epochs(0.1);
  return preset;
}

std::vector<TrainingPreset> All() { return {Quick(), Standard(), Cifar10()}; }

}  // namespace

std::vector<std::string> TrainingPresetNames() {
  std::vector<std::string> names;
  for (const TrainingPreset& preset : All()) names.push_back(preset.name);
  return names;
}

absl::StatusOr<TrainingPreset> GetTrainingPreset(const std::string& name) {
  std::vector<TrainingPreset> presets = All();
  presets.push_back(Finetune());
  for (TrainingPreset& preset : presets) {
    if (preset.name != name) continue;
    BL_ASSIGN_OR_RETURN(*preset.supernet.mutable_space(), SpacePreset("mbv2-small-image"));
    return preset;
  }
  return absl::NotFoundError(absl::StrCat("no training preset \"", name, "\"; there are ",
                                          absl::StrJoin(TrainingPresetNames(), ", ")));
}

}  // namespace boardloop
