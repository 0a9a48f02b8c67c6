// The SRAM planner: when each operator runs, where each activation lies, and whether the first
// blocks run patch by patch (Lin et al. 2021, MCUNetV2). One pure function of graph and options.
//
// A plan is a list of steps. A step runs one operator, or a projection together with the ADD of its
// shortcut. Tensors and kernel scratch share one arena: they may overlap in space only when
// they are never needed at the same step. docs/planner.md explains the method.
//
// Invariants (CheckPlan verifies them; tests run it on every plan they make):
//   (1) No two buffers that are alive at the same step overlap, except a tensor with the one it is
//       computed in place of. Equal lifetimes never share bytes.
//   (2) Every buffer lies in its region's [0, region_bytes) and starts at a multiple of
//       kArenaAlignment; the sum of region_bytes is peak_sram_bytes.
//   (3) peak_sram_bytes is never smaller than lower_bound_bytes; with patches it is never larger
//       than without, unless only patches fit the regions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"

namespace boardloop {

inline constexpr int64_t kArenaAlignment = 4;

enum class InputMode {
  kResident,  // The whole input lies in the arena while it is read.
  kStreamed,  // The generated API asks a callback for the rows or the tile that a step needs.
};

struct PlanOptions {
  bool patch = true;  // false: layer by layer.
  // Extra MACs that patches may cost, as a share of all MACs, when there is no limit.
  double patch_max_macs = 0.15;
  // In bytes. With it, patches take the fewest extra MACs that meet it.
  std::optional<int64_t> sram_limit = std::nullopt;
  // Memories that may hold the arena, by size in bytes, the preferred first; no buffer crosses from
  // one into another. Empty: one memory, as large as needed. A limit like sram_limit.
  std::vector<int64_t> regions = {};
  InputMode input = InputMode::kResident;
  // Nodes that the search for offsets may visit; beyond it the best arena found is kept.
  int64_t node_budget = 20000;
};

// Patch-based execution of a prefix of the network over a grid x grid of tiles.
struct PatchPlan {
  int32_t grid = 1;    // p: tiles per side; 1 means layer by layer.
  int32_t blocks = 0;  // n: blocks of the network in the patch stage (the stem is one).
  int32_t ops = 0;     // Operators of the graph in the patch stage: those of the first steps.
  int64_t macs = 0;    // MACs of the whole network with the halos computed twice.
};

// One step of the program, in order of execution.
struct Step {
  std::string name;
  absl::InlinedVector<int32_t, 2> ops;  // Indices into Graph::ops; two when an ADD is fused.
  bool in_patch = false;                // Runs once per tile.
  int64_t live_bytes = 0;               // Activations alive during it, each once.
  int64_t scratch_bytes = 0;            // Kernel scratch it gets (at least what the kernel needs).
  int64_t scratch_offset = 0;
  int32_t scratch_region = 0;
};

// Where a tensor (in the patch stage: its largest tile) lies.
struct Placement {
  int32_t tensor = -1;
  int64_t offset = 0;  // In its region.
  int64_t bytes = 0;
  int32_t region = 0;                     // Index into PlanOptions::regions.
  int32_t first_step = 0, last_step = 0;  // Alive in these, inclusive.
  int32_t in_place_of = -1;               // Tensor whose bytes this one overwrites, or -1.
};

struct Plan {
  InputMode input = InputMode::kResident;
  std::vector<Step> steps;
  std::vector<Placement> placements;
  PatchPlan patch;
  int64_t arena_bytes = 0;    // End of the highest activation; over regions, the sum of these.
  int64_t scratch_bytes = 0;  // What kernel scratch adds on top of it.
  // arena_bytes + scratch_bytes: the size of the arena in the firmware.
  int64_t peak_sram_bytes = 0;
  std::vector<int64_t> region_bytes;  // peak_sram_bytes by region; one entry without regions.
  int64_t lower_bound_bytes = 0;      // No placement of these steps can be smaller.
  bool meets_limit = true;            // false: no plan found is within sram_limit and the regions.
};

// Plans `graph`. When no plan meets the limits, the smallest one is returned, in one region, with
// meets_limit false: a network that does not fit is a result, not an error.
//
// INVALID_ARGUMENT  options out of range (a limit or region below 1 byte, a share below 0)
absl::StatusOr<Plan> PlanGraph(const Graph& graph, const PlanOptions& options);

// Verifies the invariants; INTERNAL names the first that does not hold.
absl::Status CheckPlan(const Graph& graph, const Plan& plan);

}  // namespace boardloop
