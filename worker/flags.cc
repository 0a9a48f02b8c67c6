#include "worker/flags.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/base/status.h"
#include "core/presets/training_presets.h"
#include "core/space/space.h"
#include "torch/cuda.h"
#include "worker/data/layout.h"

namespace boardloop {
namespace {

using Kind = v1::DatasetSpec::Kind;

// Where Debian's package dataset-fashion-mnist puts its files.
constexpr char kFashionMnist[] = "/usr/share/datasets/fashion-mnist";

struct KindName {
  const char* name;
  Kind kind;
};
constexpr KindName kKinds[] = {{"idx", v1::DatasetSpec::IDX},
                               {"cifar-binary", v1::DatasetSpec::CIFAR_BINARY},
                               {"image-folder", v1::DatasetSpec::IMAGE_FOLDER},
                               {"wav-folder", v1::DatasetSpec::WAV_FOLDER}};

// A folder that is neither is refused by its loader, which says what it looked for.
Kind GuessKind(const std::string& path) {
  return DetectLayout(path).value_or(v1::DatasetSpec::IMAGE_FOLDER);
}

template <typename T, typename Set>
void Override(const std::optional<T>& value, Set set) {
  if (value) set(*value);
}

absl::StatusOr<v1::TrainingSpec::Recipe> ParseRecipe(const std::string& name) {
  for (const auto recipe :
       {v1::TrainingSpec::MCUNET, v1::TrainingSpec::OFA, v1::TrainingSpec::SANDWICH}) {
    if (name == RecipeName(recipe)) return recipe;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--recipe is \"", name, "\", must be mcunet, ofa or sandwich"));
}

void OverrideAugmentation(const TrainingFlags& flags, v1::Augmentation& augmentation) {
  Override(flags.crop_padding, [&](int32_t v) { augmentation.set_crop_padding(v); });
  Override(flags.flip, [&](bool v) { augmentation.set_horizontal_flip(v); });
  Override(flags.brightness, [&](double v) { augmentation.set_brightness(v); });
  Override(flags.saturation, [&](double v) { augmentation.set_saturation(v); });
  Override(flags.cutout, [&](int32_t v) { augmentation.set_cutout(v); });
  Override(flags.mixup_alpha, [&](double v) { augmentation.set_mixup_alpha(v); });
}

}  // namespace

void AddDataFlags(CLI::App& command, DataFlags& flags) {
  constexpr char kGroup[] = "Data set";
  command
      .add_option(
          "--data", flags.path,
          "Folder of the data set (default: Debian's dataset-fashion-mnist, or the one that "
          "the checkpoint was trained on)")
      ->type_name("DIR")
      ->group(kGroup);
  std::vector<std::string> kinds = {"auto"};
  for (const KindName& kind : kKinds) kinds.emplace_back(kind.name);
  command
      .add_option(
          "--data-kind", flags.kind,
          "Layout of the folder: IDX files (the MNIST family), CIFAR binary files, a folder "
          "of images or of WAV files per class; auto looks")
      ->check(CLI::IsMember(kinds))
      ->type_name(absl::StrJoin(kinds, "|"))
      ->capture_default_str()
      ->group(kGroup);
  AddInteger(command, "--channels", flags.channels, 1, 3, "1 (grey) or 3 (RGB): convert images")
      ->group(kGroup);
  AddNumber(command, "--validation", flags.validation, 0, 0.5,
            "Share of the training data held out as the validation split (default: 1/6)")
      ->group(kGroup);
  command.add_option("--split-seed", flags.split_seed, "Seed of the splits")->group(kGroup);
  command
      .add_flag("--skip-broken", flags.skip_broken,
                "Leave files out that cannot be decoded, instead of refusing the data set")
      ->group(kGroup);
}

absl::StatusOr<v1::DatasetSpec> DatasetFromFlags(const DataFlags& flags, int32_t resolution,
                                                 const v1::DatasetSpec& defaults) {
  v1::DatasetSpec spec = defaults;
  if (!flags.path.empty()) {
    spec.Clear();
    // A checkpoint keeps it, and is used from other folders.
    spec.set_path(std::filesystem::absolute(flags.path).lexically_normal().string());
  }
  if (spec.path().empty()) spec.set_path(kFashionMnist);
  if (spec.kind() == v1::DatasetSpec::KIND_UNSPECIFIED) spec.set_kind(GuessKind(spec.path()));
  for (const KindName& kind : kKinds) {
    if (flags.kind == kind.name) spec.set_kind(kind.kind);
  }
  if (resolution > 0) spec.set_resolution(resolution);
  if (flags.channels) spec.set_channels(*flags.channels);
  if (flags.validation > 0) spec.set_validation_fraction(flags.validation);
  if (flags.split_seed != 0) spec.set_split_seed(flags.split_seed);
  if (flags.skip_broken) spec.set_on_broken(v1::DatasetSpec::SKIP);
  return spec;
}

void AddDeviceFlags(CLI::App& command, DeviceFlags& flags) {
  AddChoice<std::string>(command, "--device", flags.device,
                         {{"auto", "auto"}, {"cpu", "cpu"}, {"cuda", "cuda"}},
                         "Where to compute; auto takes a GPU where there is one");
  AddThreads(command, flags.threads);
}

absl::StatusOr<ComputeDevice> DeviceFromFlags(const DeviceFlags& flags, int local_rank) {
  ComputeDevice device;
  const bool cuda = torch::cuda::is_available();
  if (flags.device == "cuda" && !cuda) {
    return absl::FailedPreconditionError(
        "--device is cuda, but this LibTorch finds no GPU: is it a CUDA build, and does nvidia-smi "
        "list one?");
  }
  if (flags.device == "cpu" || !cuda) return device;
  device.device = at::Device(at::kCUDA, static_cast<at::DeviceIndex>(local_rank));
  device.training_type = at::kBFloat16;
  return device;
}

void AddTrainingFlags(CLI::App& command, TrainingFlags& flags, bool single) {
  constexpr char kGroup[] = "Training (each overrides the preset)";
  const auto number = [&](const char* flag, std::optional<double>& value, const char* help) {
    command.add_option(flag, value, help)->type_name("X")->group(kGroup);
  };
  const auto integer = [&](const char* flag, std::optional<int32_t>& value, int32_t low,
                           int32_t high, const char* help) {
    AddInteger(command, flag, value, low, high, help)->group(kGroup);
  };
  command
      .add_option(
          "--preset", flags.preset,
          "A family of networks and how to train it: " + absl::StrJoin(TrainingPresetNames(), ", "))
      ->type_name("NAME")
      ->capture_default_str();
  if (!single) {
    command.add_option("--space", flags.space, "Search space: a preset's name or a file")
        ->type_name("NAME|FILE")
        ->group(kGroup);
    number("--width", flags.width_mult, "Width multiplier of the super-network");
    integer("--resolution", flags.resolution, kMinResolution, kMaxResolution,
            "Input height and width in pixels");
    command.add_option("--recipe", flags.recipe, "Order in which subnets are trained")
        ->type_name("mcunet|ofa|sandwich")
        ->group(kGroup);
    integer("--random-subnets", flags.random_subnets, 0, 16, "Random subnets a step");
  }
  number("--epochs", flags.epochs, "Passes over the training split");
  integer("--batch-size", flags.batch_size, 1, 65536, "Images a step");
  integer("--micro-batch-size", flags.micro_batch_size, 1, 65536,
          "Images that share batch-norm statistics; threads and processes divide a batch by these");
  number("--rate", flags.peak_rate, "Peak learning rate");
  number("--warmup-epochs", flags.warmup_epochs, "Linear warm-up of the learning rate");
  number("--weight-decay", flags.weight_decay, "Of filters");
  number("--label-smoothing", flags.label_smoothing, "");
  number("--ema-decay", flags.ema_decay, "Moving average of the weights that is scored; 0: none");
  integer("--crop-padding", flags.crop_padding, 0, 64, "Random shifts by up to so many pixels");
  command.add_option("--flip", flags.flip, "Random mirroring: true or false")
      ->type_name("BOOL")
      ->group(kGroup);
  number("--brightness", flags.brightness, "Random brightness, +- so much");
  number("--saturation", flags.saturation, "Random saturation, +- so much");
  integer("--cutout", flags.cutout, 0, 1024, "Side of a random black square");
  number("--mixup", flags.mixup_alpha, "Alpha of mixup; 0: none");
  AddSeed(command, flags.seed);
}

absl::Status TrainingFromFlags(const TrainingFlags& flags, v1::SupernetSpec& supernet,
                               v1::TrainingSpec& training) {
  BL_ASSIGN_OR_RETURN(TrainingPreset preset, GetTrainingPreset(flags.preset));
  supernet = std::move(preset.supernet);
  training = std::move(preset.training);
  if (!flags.space.empty()) {
    BL_ASSIGN_OR_RETURN(*supernet.mutable_space(), LoadSpace(flags.space));
  }
  if (!flags.recipe.empty()) {
    BL_ASSIGN_OR_RETURN(const v1::TrainingSpec::Recipe recipe, ParseRecipe(flags.recipe));
    training.set_recipe(recipe);
  }
  Override(flags.width_mult, [&](double v) { supernet.set_width_mult(v); });
  Override(flags.resolution, [&](int32_t v) { supernet.set_resolution(v); });
  Override(flags.epochs, [&](double v) {
    // A preset's warm-up keeps its share.
    training.set_warmup_epochs(training.warmup_epochs() * v / training.epochs());
    training.set_epochs(v);
  });
  Override(flags.batch_size, [&](int32_t v) {
    training.set_batch_size(v);
    if (training.micro_batch_size() > v) training.set_micro_batch_size(v);
  });
  Override(flags.micro_batch_size, [&](int32_t v) { training.set_micro_batch_size(v); });
  Override(flags.random_subnets, [&](int32_t v) { training.set_random_subnets(v); });
  Override(flags.peak_rate, [&](double v) { training.set_peak_rate(v); });
  Override(flags.warmup_epochs, [&](double v) { training.set_warmup_epochs(v); });
  Override(flags.weight_decay, [&](double v) { training.set_weight_decay(v); });
  Override(flags.label_smoothing, [&](double v) { training.set_label_smoothing(v); });
  Override(flags.ema_decay, [&](double v) { training.set_ema_decay(v); });
  OverrideAugmentation(flags, *training.mutable_augmentation());
  training.set_seed(flags.seed);
  return absl::OkStatus();
}

const char* RecipeName(v1::TrainingSpec::Recipe recipe) {
  switch (recipe) {
    case v1::TrainingSpec::MCUNET:
      return "mcunet";
    case v1::TrainingSpec::OFA:
      return "ofa";
    case v1::TrainingSpec::SANDWICH:
      return "sandwich";
    case v1::TrainingSpec::SINGLE:
      return "single";
    default:
      return "?";
  }
}

absl::StatusOr<TrainingData> LoadForTraining(const v1::DatasetSpec& spec, int threads,
                                             v1::SupernetSpec& supernet) {
  LoadOptions options;
  options.threads = threads;
  Progress progress("files");
  options.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
  BL_ASSIGN_OR_RETURN(TrainingData data, LoadTrainingData(spec, options));
  if (data.skipped > 0) {
    WriteMessage(absl::StrFormat("left out %d broken files: %s", data.skipped,
                                 absl::StrJoin(data.skipped_names, ", ")));
  }
  BL_RETURN_IF_ERROR(
      FitSupernet(spec, data.train.classes.size(), data.train.shape.channels, supernet));
  return data;
}

absl::Status FitSupernet(const v1::DatasetSpec& spec, size_t classes, int32_t channels,
                         v1::SupernetSpec& supernet) {
  if (supernet.classes() == 0) supernet.set_classes(static_cast<int32_t>(classes));
  if (supernet.input_channels() == 0) supernet.set_input_channels(channels);
  if (supernet.classes() == static_cast<int32_t>(classes) &&
      supernet.input_channels() == channels) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s has %d classes and %d channels, the networks are for %d and %d", spec.path(), classes,
      channels, supernet.classes(), supernet.input_channels()));
}

}  // namespace boardloop
