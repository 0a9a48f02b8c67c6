// What is trained at each step: the phases of a recipe, the subnets they draw, the learning rate.
//
// Invariant: a step's plan is a function of the specs and the step's number alone. A resumed run and every
// process of a distributed one plan the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boardloop/v1/training.pb.h"
#include "core/space/subnet.h"

namespace boardloop {

// What a subnet learns from besides, or instead of, the labels.
enum class Teacher : uint8_t {
  kNone,     // Labels alone.
  kLargest,  // The answers of the step's first subnet, the largest; labels teach that one alone.
  kFrozen,   // The labels, and the answers of the network as it was when the phase before ended.
};

struct StepPlan {
  std::vector<Subnet> subnets;
  Teacher teacher = Teacher::kNone;
  double rate = 0;
  // To be done before the step, in this order.
  bool sort_channels = false;   // By importance, the most important first.
  bool freeze_teacher = false;  // A copy of the weights becomes the frozen teacher.
};

class Recipe {
 public:
  // INVALID_ARGUMENT  a number outside its range in the spec; the message names it
  static absl::StatusOr<Recipe> Create(const v1::SupernetSpec& supernet,
                                       const v1::TrainingSpec& training, int64_t steps_per_epoch);

  // For recipe SINGLE.
  static absl::StatusOr<Recipe> CreateSingle(const Subnet& subnet, const v1::TrainingSpec& training,
                                             int64_t steps_per_epoch);

  int64_t steps() const { return phases_.back().end; }
  StepPlan At(int64_t step) const;
  const std::string& PhaseName(int64_t step) const;
  bool needs_kernel_transforms() const { return kernel_transforms_; }

  // Of all subnets that are trained: its graph has every parameter.
  const Subnet& largest() const { return largest_; }

 private:
  struct Phase {
    std::string name;
    int64_t begin = 0, end = 0;  // Steps.
    double rate_share = 1;       // Of the spec's peak rate.
    Space choices;               // Random subnets are drawn from these.
    int random_subnets = 0;
    bool largest = false, smallest = false;  // Trained in each step, before the random ones.
    Teacher teacher = Teacher::kNone;
    bool sort_channels = false, freeze_teacher = false;
  };
  Recipe() = default;
  void AddMcunetPhases(int64_t steps);
  void AddOfaPhases(int64_t steps);
  void AddSandwichPhase(int64_t steps);
  const Phase& PhaseOf(int64_t step) const;
  Subnet Sample(const Phase& phase, Random& random) const;
  double Rate(const Phase& phase, int64_t step) const;

  v1::TrainingSpec training_;
  Space space_;
  Subnet largest_, smallest_;
  int64_t warmup_steps_ = 0;
  bool kernel_transforms_ = false;
  std::vector<Phase> phases_;
};

// INVALID_ARGUMENT names the field.
absl::Status ValidateSupernet(const v1::SupernetSpec& supernet);

// The specs' subnets, with the classes and channels of the spec.
Subnet LargestOf(const v1::SupernetSpec& supernet);
Subnet SmallestOf(const v1::SupernetSpec& supernet);
Subnet SampleOf(const v1::SupernetSpec& supernet, Random& random);

}  // namespace boardloop
