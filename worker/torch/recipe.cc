#include "worker/torch/recipe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/presets/check_training.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr uint64_t kSubnetStream = 0x5b;  // Apart from the streams of images and weights.

Subnet WithInputs(Subnet subnet, const v1::SupernetSpec& supernet) {
  subnet.classes = supernet.classes();
  subnet.input_channels = supernet.input_channels();
  return subnet;
}

template <typename Values>
void KeepLargest(Values& values, int count) {
  values.erase(values.begin(), values.end() - std::min<int>(count, values.size()));
}

// The space with only so many of the largest choices of each kind.
Space Restrict(Space space, int kernels, int depths, int expands) {
  for (v1::Stage& stage : *space.mutable_stages()) {
    KeepLargest(*stage.mutable_kernel_sizes(), kernels);
    KeepLargest(*stage.mutable_depths(), depths);
    KeepLargest(*stage.mutable_expand_ratios(), expands);
  }
  return space;
}

constexpr int kAll = 1 << 20;

}  // namespace

Subnet LargestOf(const v1::SupernetSpec& supernet) {
  return WithInputs(LargestSubnet(supernet.space(), supernet.width_mult(), supernet.resolution()),
                    supernet);
}

Subnet SmallestOf(const v1::SupernetSpec& supernet) {
  return WithInputs(SmallestSubnet(supernet.space(), supernet.width_mult(), supernet.resolution()),
                    supernet);
}

Subnet SampleOf(const v1::SupernetSpec& supernet, Random& random) {
  return WithInputs(
      SampleSubnet(supernet.space(), supernet.width_mult(), supernet.resolution(), random),
      supernet);
}

absl::Status ValidateSupernet(const v1::SupernetSpec& supernet) {
  BL_RETURN_IF_ERROR(ValidateSpace(supernet.space()));
  return CheckSubnetRanges(LargestOf(supernet));
}

absl::StatusOr<Recipe> Recipe::Create(const v1::SupernetSpec& supernet,
                                      const v1::TrainingSpec& training, int64_t steps_per_epoch) {
  BL_RETURN_IF_ERROR(ValidateSupernet(supernet));
  BL_RETURN_IF_ERROR(CheckTraining(training, ""));
  Recipe recipe;
  recipe.training_ = training;
  recipe.space_ = supernet.space();
  recipe.largest_ = LargestOf(supernet);
  recipe.smallest_ = SmallestOf(supernet);
  recipe.warmup_steps_ = std::llround(training.warmup_epochs() * steps_per_epoch);
  const int64_t steps = std::max<int64_t>(1, std::llround(training.epochs() * steps_per_epoch));
  switch (training.recipe()) {
    case v1::TrainingSpec::MCUNET:
      recipe.AddMcunetPhases(steps);
      break;
    case v1::TrainingSpec::OFA:
      recipe.AddOfaPhases(steps);
      break;
    case v1::TrainingSpec::SANDWICH:
      recipe.AddSandwichPhase(steps);
      break;
    default:
      return absl::InvalidArgumentError("recipe must be MCUNET, OFA or SANDWICH");
  }
  return recipe;
}

absl::StatusOr<Recipe> Recipe::CreateSingle(const Subnet& subnet, const v1::TrainingSpec& training,
                                            int64_t steps_per_epoch) {
  BL_RETURN_IF_ERROR(CheckTraining(training, ""));
  Recipe recipe;
  recipe.training_ = training;
  recipe.largest_ = subnet;
  recipe.warmup_steps_ = std::llround(training.warmup_epochs() * steps_per_epoch);
  Phase phase;
  phase.name = "single";
  phase.end = std::max<int64_t>(1, std::llround(training.epochs() * steps_per_epoch));
  phase.largest = true;
  recipe.phases_.push_back(std::move(phase));
  return recipe;
}

void Recipe::AddMcunetPhases(int64_t steps) {
  Phase full;
  full.name = "full";
  full.end = std::max<int64_t>(1, steps / 3);  // 150 of 450 epochs on ImageNet.
  full.largest = true;
  Phase shrink;
  shrink.name = "shrink";
  shrink.begin = full.end;
  shrink.end = std::max(steps, full.end + 1);
  shrink.choices = space_;
  shrink.random_subnets = std::max(1, training_.random_subnets());
  shrink.sort_channels = true;
  phases_ = {full, shrink};
}

// Shares of epochs and rates are those of the released code: 180, 125, 25, 125, 25, 125 epochs; peak rates 2.6,
// 0.96, 0.08, 0.24, 0.08, 0.24.
void Recipe::AddOfaPhases(int64_t steps) {
  struct Row {
    const char* name;
    double epochs, rate;
    int kernels, depths, expands, subnets;
  };
  constexpr Row kRows[] = {
      {"full", 180, 2.6, 1, 1, 1, 0},           {"kernel", 125, 0.96, kAll, 1, 1, 1},
      {"depth 1", 25, 0.08, kAll, 2, 1, 2},     {"depth 2", 125, 0.24, kAll, kAll, 1, 2},
      {"expand 1", 25, 0.08, kAll, kAll, 2, 4}, {"expand 2", 125, 0.24, kAll, kAll, kAll, 4}};
  double done = 0, all = 0;
  for (const Row& row : kRows) all += row.epochs;
  kernel_transforms_ = true;
  for (const Row& row : kRows) {
    Phase phase;
    phase.name = row.name;
    phase.begin = phases_.empty() ? 0 : phases_.back().end;
    done += row.epochs;
    phase.end = std::max<int64_t>(phase.begin + 1, std::llround(steps * done / all));
    phase.rate_share = row.rate / kRows[0].rate;
    phase.choices = Restrict(space_, row.kernels, row.depths, row.expands);
    phase.random_subnets = row.subnets;
    phase.largest = row.subnets == 0;
    phase.teacher = row.subnets == 0 ? Teacher::kNone : Teacher::kFrozen;
    phase.freeze_teacher = phases_.size() == 1;  // The full network, once.
    // Once: sorting again would take channels out of the widths that have been trained.
    phase.sort_channels = row.expands == 2;
    phases_.push_back(std::move(phase));
  }
}

void Recipe::AddSandwichPhase(int64_t steps) {
  Phase phase;
  phase.name = "sandwich";
  phase.end = steps;
  phase.choices = space_;
  phase.largest = phase.smallest = true;
  phase.random_subnets = training_.random_subnets();
  phase.teacher = Teacher::kLargest;
  phases_.push_back(std::move(phase));
}

const Recipe::Phase& Recipe::PhaseOf(int64_t step) const {
  const auto found = std::find_if(phases_.begin(), phases_.end(),
                                  [&](const Phase& phase) { return step < phase.end; });
  return found == phases_.end() ? phases_.back() : *found;
}

const std::string& Recipe::PhaseName(int64_t step) const { return PhaseOf(step).name; }

Subnet Recipe::Sample(const Phase& phase, Random& random) const {
  Subnet subnet = SampleSubnet(phase.choices, largest_.width_mult, largest_.resolution, random);
  subnet.classes = largest_.classes;
  subnet.input_channels = largest_.input_channels;
  return subnet;
}

// Linear warm-up, then half a cosine, in each phase: a phase starts from weights that its predecessor left.
double Recipe::Rate(const Phase& phase, int64_t step) const {
  const int64_t length = phase.end - phase.begin;
  const int64_t warmup = std::min(warmup_steps_, length / 2);
  const int64_t done = step - phase.begin;
  const double peak = training_.peak_rate() * phase.rate_share;
  if (done < warmup) return peak * static_cast<double>(done + 1) / static_cast<double>(warmup);
  const double share = static_cast<double>(done - warmup) / static_cast<double>(length - warmup);
  return peak * 0.5 * (1 + std::cos(M_PI * share));
}

StepPlan Recipe::At(int64_t step) const {
  const Phase& phase = PhaseOf(step);
  StepPlan plan;
  plan.teacher = phase.teacher;
  plan.rate = Rate(phase, step);
  plan.sort_channels = phase.sort_channels && step == phase.begin;
  plan.freeze_teacher = phase.freeze_teacher && step == phase.begin;
  if (phase.largest) plan.subnets.push_back(largest_);
  if (phase.smallest) plan.subnets.push_back(smallest_);
  Random random =
      Random::ForItem(training_.seed() ^ (kSubnetStream << 56), static_cast<uint64_t>(step));
  for (int i = 0; i < phase.random_subnets; ++i) plan.subnets.push_back(Sample(phase, random));
  return plan;
}

}  // namespace boardloop
