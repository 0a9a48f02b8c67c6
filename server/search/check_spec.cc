#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_check.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "core/presets/check_training.h"
#include "core/space/space.h"
#include "server/search/spec.h"

namespace boardloop {
namespace {

constexpr double kMostLatencyMs = 1e6;
constexpr double kMostEpochs = 10000;
constexpr char kArtifacts[] = "artifacts/";
constexpr size_t kDigestDigits = 64;

bool IsArtifactName(const std::string& name) {
  const size_t prefix = sizeof(kArtifacts) - 1;
  return name.size() == prefix + kDigestDigits && name.compare(0, prefix, kArtifacts) == 0 &&
         name.find_first_not_of("0123456789abcdef", prefix) == std::string::npos;
}

absl::Status CheckDataset(const v1::DatasetSpec& dataset) {
  FieldCheck check("dataset");
  check.Require(v1::DatasetSpec::Kind_IsValid(dataset.kind()) &&
                    dataset.kind() != v1::DatasetSpec::KIND_UNSPECIFIED,
                "kind", "is missing: one of IDX, CIFAR_BINARY, IMAGE_FOLDER, WAV_FOLDER");
  check.Require(!dataset.path().empty(), "path", "is missing");
  check.Require(absl::StartsWith(dataset.path(), "/"), "path",
                absl::StrFormat("is \"%s\", must be absolute: workers read it on their own disks",
                                dataset.path()));
  check.RangeOrZero("resolution", dataset.resolution(), kMinResolution, kMaxResolution);
  check.Require(dataset.channels() == 0 || dataset.channels() == 1 || dataset.channels() == 3,
                "channels", absl::StrFormat("is %d, must be 0, 1 or 3", dataset.channels()));
  if (dataset.validation_fraction() != 0) {
    check.Above("validation_fraction", dataset.validation_fraction(), 0, 0.5);
  }
  if (dataset.test_fraction() != 0) check.Above("test_fraction", dataset.test_fraction(), 0, 0.5);
  check.Require(v1::DatasetSpec::OnBroken_IsValid(dataset.on_broken()), "on_broken",
                absl::StrFormat("is %d, which is no choice", dataset.on_broken()));
  BL_RETURN_IF_ERROR(check.status());
  return CompleteAudio(dataset.audio(), "dataset.audio").status();
}

// Trained here, or a checkpoint.
absl::Status CheckSupernet(const v1::SearchSpec& spec) {
  FieldCheck check("");
  if (spec.supernet_artifact().empty()) {
    check.Require(spec.has_space(), "space", "is missing");
    check.Require(spec.has_supernet_training(), "supernet_training",
                  "is missing, and so is supernet_artifact: one of them is needed");
    BL_RETURN_IF_ERROR(check.status());
    const v1::TrainingSpec::Recipe recipe = spec.supernet_training().recipe();
    check.Require(recipe == v1::TrainingSpec::MCUNET || recipe == v1::TrainingSpec::OFA ||
                      recipe == v1::TrainingSpec::SANDWICH,
                  "supernet_training.recipe", "must be MCUNET, OFA or SANDWICH");
    BL_RETURN_IF_ERROR(check.status());
    return CheckTraining(spec.supernet_training(), "supernet_training");
  }
  check.Require(IsArtifactName(spec.supernet_artifact()), "supernet_artifact",
                "must be \"artifacts/\" and 64 lower-case hexadecimal digits");
  check.Require(!spec.has_supernet_training(), "supernet_training",
                "is set beside supernet_artifact, of which nothing is trained");
  check.Require(spec.space_optimization().width_mults().empty(), "space_optimization.width_mults",
                "are set beside supernet_artifact, which has one of its own");
  check.Require(spec.space_optimization().resolutions().empty(), "space_optimization.resolutions",
                "are set beside supernet_artifact, which has one of its own");
  return check.status();
}

absl::Status CheckLimits(const v1::Limits& limits) {
  FieldCheck check("limits");
  check.Require(limits.sram_bytes() >= 0, "sram_bytes", "is negative");
  check.Require(limits.flash_bytes() >= 0, "flash_bytes", "is negative");
  check.Range("latency_ms", limits.latency_ms(), 0, kMostLatencyMs);
  return check.status();
}

template <typename Values, typename Value>
bool IsIn(const Values& values, Value value) {
  // JSON and command lines may write a width multiplier with other digits than the space's file.
  constexpr double kSame = 1e-9;
  return std::any_of(values.begin(), values.end(),
                     [value](Value other) { return std::abs(other - value) <= kSame; });
}

absl::Status CheckSpaceOptimization(const v1::SpaceOptimizationSpec& spaces, const Space& space) {
  FieldCheck check("space_optimization");
  check.RangeOrZero("samples", spaces.samples(), 1, 1'000'000);
  check.Range("min_survival_rate", spaces.min_survival_rate(), 0, 1);
  for (const double width_mult : spaces.width_mults()) {
    check.Require(IsIn(space.width_mults(), width_mult), "width_mults",
                  absl::StrFormat("has %g, space \"%s\" has %s", width_mult, space.name(),
                                  absl::StrJoin(space.width_mults(), ", ")));
  }
  for (const int32_t resolution : spaces.resolutions()) {
    check.Require(IsIn(space.resolutions(), resolution), "resolutions",
                  absl::StrFormat("has %d, space \"%s\" has %s", resolution, space.name(),
                                  absl::StrJoin(space.resolutions(), ", ")));
  }
  return check.status();
}

absl::Status CheckScoring(const v1::ScoringSpec& scoring) {
  FieldCheck check("scoring");
  check.RangeOrZero("images", static_cast<double>(scoring.images()), 1, 1'000'000);
  check.RangeOrZero("calibration_images", static_cast<double>(scoring.calibration_images()), 1,
                    1'000'000);
  return check.status();
}

absl::Status CheckEvolution(const v1::EvolutionSpec& evolution, int32_t population) {
  FieldCheck check("evolution");
  check.RangeOrZero("population", evolution.population(), 2, 10000);
  check.RangeOrZero("parents", evolution.parents(), 1, population);
  check.Range("crossovers", evolution.crossovers(), 0, 10000);
  check.Range("mutations", evolution.mutations(), 0, 10000);
  if (evolution.mutation_rate() != 0) {
    check.Above("mutation_rate", evolution.mutation_rate(), 0, 1);
  }
  check.Range("generations", evolution.generations(), 0, 10000);
  return check.status();
}

absl::Status CheckSpecialization(const v1::SpecializationSpec& specialization) {
  FieldCheck check("specialization");
  check.RangeOrZero("finalists", specialization.finalists(), 1, 16);
  check.Range("epochs", specialization.epochs(), 0, kMostEpochs);
  if (specialization.peak_rate() != 0) check.Above("peak_rate", specialization.peak_rate(), 0, 10);
  check.Range("qat_epochs", specialization.qat_epochs(), 0, kMostEpochs);
  check.RangeOrZero("board_images", specialization.board_images(), 1, 10000);
  return check.status();
}

}  // namespace

absl::Status CheckSpec(const v1::SearchSpec& spec) {
  FieldCheck check("");
  check.Require(!spec.board_type().empty(), "board_type", "is missing");
  // A path would be one on the coordinator's machine.
  check.Require(spec.board_type().empty() || IsBoardTypeName(spec.board_type()), "board_type",
                "must be the name of a board type, not a path");
  check.Require(v1::Objective_IsValid(spec.objective()), "objective",
                absl::StrFormat("is %d, which is no choice", spec.objective()));
  check.Require(v1::MeasurePolicy_IsValid(spec.measure()), "measure",
                absl::StrFormat("is %d, which is no choice", spec.measure()));
  BL_RETURN_IF_ERROR(check.status());
  BL_RETURN_IF_ERROR(CheckDataset(spec.dataset()));
  BL_RETURN_IF_ERROR(CheckSupernet(spec));
  if (spec.has_space()) {
    FieldCheck space("space");
    space.Status(ValidateSpace(spec.space()));
    BL_RETURN_IF_ERROR(space.status());
  }
  BL_RETURN_IF_ERROR(CheckLimits(spec.limits()));
  BL_RETURN_IF_ERROR(CheckSpaceOptimization(spec.space_optimization(), spec.space()));
  BL_RETURN_IF_ERROR(CheckScoring(spec.scoring()));
  const int32_t population = WithDefaults(spec).evolution().population();
  BL_RETURN_IF_ERROR(CheckEvolution(spec.evolution(), population));
  return CheckSpecialization(spec.specialization());
}

}  // namespace boardloop
