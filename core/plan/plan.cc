#include "core/plan/plan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/plan/program.h"

namespace boardloop {
namespace {

// One way to run the network: layer by layer, or a prefix in tiles.
struct Variant {
  std::optional<TileStage> stage;
  int64_t macs = 0;
  Program program;
  int64_t lower_bound = 0;

  const TileStage* stage_or_null() const { return stage.has_value() ? &*stage : nullptr; }
};

Variant MakeVariant(const Graph& graph, const Schedule& schedule, std::optional<TileStage> stage,
                    InputMode input) {
  Variant variant;
  variant.stage = std::move(stage);
  if (variant.stage.has_value()) {
    variant.macs = TiledMacs(graph, schedule, *variant.stage);
  } else {
    for (const Op& op : graph.ops) variant.macs += Macs(graph, op);
  }
  variant.program = MakeProgram(graph, schedule, variant.stage_or_null(), input);
  variant.lower_bound = ArenaLowerBound(variant.program.buffers, kArenaAlignment);
  return variant;
}

// Largest grid of tiles per side; beyond it halos outgrow tiles (the papers use 2 to 4).
constexpr int32_t kMaxGrid = 4;

std::vector<Variant> TiledVariants(const Graph& graph, const Schedule& schedule, InputMode input) {
  std::vector<Variant> variants;
  for (const Prefix& prefix : TiledPrefixes(graph, schedule)) {
    const Shape& end = graph.shape(schedule.steps[prefix.steps - 1].writes);
    for (int32_t grid = 2; grid <= std::min({kMaxGrid, end.height, end.width}); ++grid) {
      variants.push_back(
          MakeVariant(graph, schedule, MakeTileStage(graph, schedule, prefix, grid), input));
    }
  }
  return variants;
}

std::string StepName(const Graph& graph, const ScheduledStep& step) {
  std::string name = graph.ops[step.ops[0]].name;
  for (size_t i = 1; i < step.ops.size(); ++i) name += " + " + graph.ops[step.ops[i]].name;
  return name;
}

int64_t RoundDown(int64_t bytes) { return bytes / kArenaAlignment * kArenaAlignment; }
int64_t RoundUp(int64_t bytes) { return RoundDown(bytes + kArenaAlignment - 1); }

// Bytes of a tensor buffer alive at some step, where they lie.
struct Interval {
  int32_t region;
  int64_t begin, end;
};

// Ascending by region and offset.
std::vector<Interval> TensorsAlive(const Program& program, const ArenaLayout& layout,
                                   int32_t step) {
  std::vector<Interval> alive;
  for (int32_t b = 0; b < program.tensor_buffers; ++b) {
    for (const Extent& extent : program.buffers[b].extents) {
      if (extent.first > step || extent.last < step) continue;
      alive.push_back(
          {layout.regions[b], layout.offsets[b], layout.offsets[b] + RoundUp(extent.bytes)});
    }
  }
  std::sort(alive.begin(), alive.end(), [](const Interval& a, const Interval& b) {
    return a.region != b.region ? a.region < b.region : a.begin < b.begin;
  });
  return alive;
}

// A kernel that can use more scratch than it needs gets what lies free at its step in the same
// region: the smallest gap that holds all it can use, else the largest gap.
void GrowScratch(const Scratch& scratch, const std::vector<Interval>& alive, int64_t region_bytes,
                 Step& step) {
  if (scratch.most <= step.scratch_bytes) return;
  const int64_t wanted = RoundUp(scratch.most);
  int64_t begin = 0;
  int64_t best_gap = RoundUp(step.scratch_bytes);
  auto consider = [&](int64_t from, int64_t to) {
    int64_t gap = RoundDown(to - from);
    bool better = best_gap < wanted ? gap > best_gap : gap >= wanted && gap < best_gap;
    if (!better) return;
    best_gap = gap;
    step.scratch_offset = from;
  };
  for (const Interval& interval : alive) {
    if (interval.region != step.scratch_region) continue;
    consider(begin, interval.begin);
    begin = std::max(begin, interval.end);
  }
  consider(begin, region_bytes);
  step.scratch_bytes = std::max(step.scratch_bytes, std::min(best_gap, scratch.most));
}

// Sum over the regions of the end of the highest tensor.
int64_t TensorBytes(const Program& program, const ArenaLayout& layout) {
  std::vector<int64_t> end(layout.region_bytes.size(), 0);
  for (int32_t b = 0; b < program.tensor_buffers; ++b) {
    for (const Extent& extent : program.buffers[b].extents) {
      int64_t& region_end = end[layout.regions[b]];
      region_end = std::max(region_end, layout.offsets[b] + RoundUp(extent.bytes));
    }
  }
  return std::accumulate(end.begin(), end.end(), int64_t{0});
}

Step AssembleStep(const Graph& graph, const Schedule& schedule, const Program& program,
                  const ArenaLayout& layout, int32_t index) {
  Step step;
  step.name = StepName(graph, schedule.steps[index]);
  step.ops = schedule.steps[index].ops;
  std::vector<Interval> alive = TensorsAlive(program, layout, index);
  for (const Interval& interval : alive) step.live_bytes += interval.end - interval.begin;
  if (program.scratch_buffer[index] >= 0) {
    step.scratch_bytes = program.scratch[index].least;
    step.scratch_offset = layout.offsets[program.scratch_buffer[index]];
    step.scratch_region = layout.regions[program.scratch_buffer[index]];
    GrowScratch(program.scratch[index], alive, layout.region_bytes[step.scratch_region], step);
  }
  return step;
}

Plan AssemblePlan(const Graph& graph, const Schedule& schedule, const Variant& variant,
                  const ArenaLayout& layout, InputMode input) {
  const Program& program = variant.program;
  Plan plan;
  plan.input = input;
  plan.placements = program.placements;
  for (size_t p = 0; p < plan.placements.size(); ++p) {
    plan.placements[p].offset = layout.offsets[program.buffer[p]];
    plan.placements[p].region = layout.regions[program.buffer[p]];
  }
  plan.peak_sram_bytes = layout.bytes;
  plan.region_bytes = layout.region_bytes;
  plan.arena_bytes = TensorBytes(program, layout);
  plan.scratch_bytes = plan.peak_sram_bytes - plan.arena_bytes;
  plan.lower_bound_bytes = layout.lower_bound;
  plan.patch.macs = variant.macs;
  int32_t stage_steps = 0;
  if (variant.stage.has_value()) {
    plan.patch.grid = variant.stage->grid;
    plan.patch.blocks = variant.stage->prefix.blocks;
    stage_steps = variant.stage->prefix.steps;
  }
  plan.steps.reserve(schedule.steps.size());
  for (int32_t s = 0; s < static_cast<int32_t>(schedule.steps.size()); ++s) {
    plan.steps.push_back(AssembleStep(graph, schedule, program, layout, s));
    plan.steps.back().in_patch = s < stage_steps;
    if (s < stage_steps) plan.patch.ops += static_cast<int32_t>(plan.steps.back().ops.size());
  }
  return plan;
}

// Chooses among variants by laying out as few arenas as needed.
class Chooser {
 public:
  Chooser(int64_t layer_macs, const PlanOptions& options)
      : options_(options),
        limited_(options.sram_limit.has_value() || !options.regions.empty()),
        limit_(options.sram_limit.value_or(std::numeric_limits<int64_t>::max())),
        room_(options.regions.empty()
                  ? std::numeric_limits<int64_t>::max()
                  : std::accumulate(options.regions.begin(), options.regions.end(), int64_t{0})),
        max_macs_(layer_macs +
                  static_cast<int64_t>(options.patch_max_macs * static_cast<double>(layer_macs))) {}

  // Whether the user set a limit that variants have to meet.
  bool limited() const { return limited_; }
  bool fits() const { return fits_; }
  const Variant& best() const { return *best_; }
  const ArenaLayout& layout() const { return layout_; }

  // Lays out `variant` and keeps it if it is better than what is kept.
  void Consider(Variant variant) {
    if (best_.has_value() && !CanWin(variant)) return;
    ArenaLayout layout =
        LayOutArena(variant.program.buffers, kArenaAlignment, options_.node_budget, /*goal=*/0);
    bool fits = layout.bytes <= limit_;
    if (fits && !options_.regions.empty() && layout.bytes > options_.regions[0]) {
      std::optional<ArenaLayout> split =
          LayOutInRegions(variant.program.buffers, kArenaAlignment, options_.regions);
      fits = split.has_value() && split->bytes <= limit_;
      if (fits) layout = *std::move(split);
    }
    if (best_.has_value() && !Better(fits, layout.bytes, variant.macs)) return;
    best_ = std::move(variant);
    layout_ = std::move(layout);
    fits_ = fits;
  }

 private:
  bool CanWin(const Variant& variant) const {
    if (!limited_ && variant.macs > max_macs_) return false;
    bool may_fit = variant.lower_bound <= std::min(limit_, room_);
    return Better(may_fit, variant.lower_bound, variant.macs);
  }

  // With a limit: what fits first, and of that the fewest MACs. Otherwise the least SRAM.
  bool Better(bool fits, int64_t bytes, int64_t macs) const {
    if (fits != fits_) return fits;
    if (limited_ && fits && macs != best_->macs) return macs < best_->macs;
    return bytes != layout_.bytes ? bytes < layout_.bytes : macs < best_->macs;
  }

  const PlanOptions& options_;
  const bool limited_;
  const int64_t limit_;
  const int64_t room_;
  const int64_t max_macs_;
  std::optional<Variant> best_;
  ArenaLayout layout_;
  bool fits_ = false;
};

absl::Status CheckOptions(const PlanOptions& options) {
  if (!(options.patch_max_macs >= 0 && options.patch_max_macs <= 100)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the share of extra MACs for patches is %g, must be in [0, 100]", options.patch_max_macs));
  }
  if (options.sram_limit.has_value() && *options.sram_limit < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the SRAM limit is %d B, must be at least 1", *options.sram_limit));
  }
  for (int64_t region : options.regions) {
    if (region >= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("a region for the arena has %d B, must have at least 1", region));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> PlanGraph(const Graph& graph, const PlanOptions& options) {
  BL_RETURN_IF_ERROR(CheckOptions(options));
  const Schedule schedule = MakeSchedule(graph);
  Variant layered = MakeVariant(graph, schedule, std::nullopt, options.input);
  Chooser chooser(layered.macs, options);
  chooser.Consider(std::move(layered));
  if (options.patch && !(chooser.limited() && chooser.fits())) {
    std::vector<Variant> tiled = TiledVariants(graph, schedule, options.input);
    // Most promising first, so that few arenas are laid out.
    std::stable_sort(tiled.begin(), tiled.end(), [&](const Variant& a, const Variant& b) {
      return chooser.limited() ? a.macs < b.macs : a.lower_bound < b.lower_bound;
    });
    for (Variant& variant : tiled) chooser.Consider(std::move(variant));
  }
  Plan plan = AssemblePlan(graph, schedule, chooser.best(), chooser.layout(), options.input);
  plan.meets_limit = chooser.fits();
  return plan;
}

}  // namespace boardloop
