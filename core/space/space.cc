#include "core/space/space.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/space/presets.h"
#include "core/space/range_checks.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;  // The presets have 1 kB.

// A list of choices: each passes `check`, and they ascend strictly, so that equal spaces have equal
// text and no choice counts twice when one is drawn.
template <typename List, typename Check>
absl::Status CheckChoices(const std::string& field, const List& values, const Check& check) {
  for (int i = 0; i < values.size(); ++i) {
    std::string name = absl::StrCat(field, "[", i, "]");
    BL_RETURN_IF_ERROR(check(name, values[i]));
    if (i > 0 && values[i] <= values[i - 1]) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is ", values[i], " after ", values[i - 1], ", choices must ascend"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCount(const std::string& field, int count, int low, int high) {
  return CheckRange("number of " + field, count, low, high);
}

absl::Status CheckStage(const std::string& field, const v1::Stage& stage) {
  auto in_depths = [](const std::string& name, int32_t value) {
    return CheckRange(name, value, 1, kMaxDepth);
  };
  auto in_ratios = [](const std::string& name, int32_t value) {
    return CheckRange(name, value, 1, kMaxExpandRatio);
  };
  BL_RETURN_IF_ERROR(CheckRange(field + ".width", stage.width(), 1, kMaxBaseWidth));
  BL_RETURN_IF_ERROR(CheckRange(field + ".stride", stage.stride(), 1, 2));
  BL_RETURN_IF_ERROR(CheckCount(field + ".depths", stage.depths_size(), 1, kMaxDepth));
  BL_RETURN_IF_ERROR(CheckChoices(field + ".depths", stage.depths(), in_depths));
  BL_RETURN_IF_ERROR(CheckCount(field + ".kernel_sizes", stage.kernel_sizes_size(), 1, 3));
  BL_RETURN_IF_ERROR(CheckChoices(field + ".kernel_sizes", stage.kernel_sizes(), CheckKernelSize));
  BL_RETURN_IF_ERROR(
      CheckCount(field + ".expand_ratios", stage.expand_ratios_size(), 1, kMaxExpandRatio));
  return CheckChoices(field + ".expand_ratios", stage.expand_ratios(), in_ratios);
}

absl::Status CheckGrid(const Space& space) {
  auto in_resolutions = [](const std::string& name, int32_t value) {
    return CheckRange(name, value, kMinResolution, kMaxResolution);
  };
  BL_RETURN_IF_ERROR(CheckCount("width_mults", space.width_mults_size(), 1, kMaxGridSide));
  BL_RETURN_IF_ERROR(CheckChoices("width_mults", space.width_mults(), CheckWidthMult));
  BL_RETURN_IF_ERROR(CheckCount("resolutions", space.resolutions_size(), 1, kMaxGridSide));
  return CheckChoices("resolutions", space.resolutions(), in_resolutions);
}

}  // namespace

absl::Status ValidateSpace(const Space& space) {
  BL_RETURN_IF_ERROR(CheckSpaceName("name", space.name()));
  BL_RETURN_IF_ERROR(CheckRange("stem_width", space.stem_width(), 1, kMaxBaseWidth));
  BL_RETURN_IF_ERROR(CheckKernelSize("stem_kernel_size", space.stem_kernel_size()));
  BL_RETURN_IF_ERROR(CheckRange("stem_stride", space.stem_stride(), 1, 2));
  BL_RETURN_IF_ERROR(CheckRange("first_block_width", space.first_block_width(), 1, kMaxBaseWidth));
  BL_RETURN_IF_ERROR(CheckKernelSize("first_block_kernel_size", space.first_block_kernel_size()));
  BL_RETURN_IF_ERROR(CheckCount("stages", space.stages_size(), 1, kMaxStages));
  for (int i = 0; i < space.stages_size(); ++i) {
    BL_RETURN_IF_ERROR(CheckStage(absl::StrCat("stages[", i, "]"), space.stages(i)));
  }
  BL_RETURN_IF_ERROR(CheckRange("mix_width", space.mix_width(), 0, kMaxBaseWidth));
  BL_RETURN_IF_ERROR(CheckRange("width_divisor", space.width_divisor(), 1, 64));
  BL_RETURN_IF_ERROR(CheckGrid(space));
  BL_RETURN_IF_ERROR(CheckRange("classes", space.classes(), 1, kMaxClasses));
  return CheckRange("input_channels", space.input_channels(), 1, kMaxInputChannels);
}

std::vector<std::string> SpacePresetNames() {
  std::vector<std::string> names;
  for (const EmbeddedSpace& preset : EmbeddedSpaces()) names.push_back(preset.name);
  return names;
}

absl::StatusOr<Space> SpacePreset(const std::string& name) {
  for (const EmbeddedSpace& preset : EmbeddedSpaces()) {
    if (name == preset.name) return ParseSpace(preset.json, name);
  }
  return absl::NotFoundError(absl::StrFormat(
      "no space preset \"%s\"; these are: %s (a space file needs a '/' or \".json\" "
      "in its name)",
      name, absl::StrJoin(SpacePresetNames(), ", ")));
}

absl::StatusOr<Space> LoadSpace(const std::string& name_or_path) {
  bool is_path = absl::StrContains(name_or_path, '/') || absl::EndsWith(name_or_path, ".json");
  if (!is_path) return SpacePreset(name_or_path);
  BL_ASSIGN_OR_RETURN(std::string json, ReadFile(name_or_path, kMaxFileBytes));
  return ParseSpace(json, name_or_path);
}

int32_t RoundWidth(double width, int32_t divisor) {
  double steps = std::floor(width / divisor + 0.5);
  int32_t rounded = std::max(divisor, static_cast<int32_t>(steps) * divisor);
  return rounded < 0.9 * width ? rounded + divisor : rounded;
}

}  // namespace boardloop
