// An independent look at a finished plan: nothing here uses how it was made.
#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/plan/kernel_table.h"
#include "core/plan/plan.h"
#include "core/plan/tiles.h"

namespace boardloop {
namespace {

absl::Status Broken(const std::string& what) { return absl::InternalError(what); }

class Checker {
 public:
  Checker(const Graph& graph, const Plan& plan)
      : graph_(graph), plan_(plan), placement_of_(graph.tensors.size(), nullptr) {}

  absl::Status Check() {
    BL_RETURN_IF_ERROR(CheckTotals());
    BL_RETURN_IF_ERROR(CheckPlacements());
    BL_RETURN_IF_ERROR(CheckOrder());
    BL_RETURN_IF_ERROR(CheckLifetimes());
    BL_RETURN_IF_ERROR(CheckOverlaps());
    return CheckScratch();
  }

 private:
  absl::Status CheckTotals() const {
    if (plan_.arena_bytes + plan_.scratch_bytes != plan_.peak_sram_bytes) {
      return Broken("arena_bytes + scratch_bytes is not peak_sram_bytes");
    }
    if (std::accumulate(plan_.region_bytes.begin(), plan_.region_bytes.end(), int64_t{0}) !=
        plan_.peak_sram_bytes) {
      return Broken("region_bytes do not sum up to peak_sram_bytes");
    }
    if (plan_.peak_sram_bytes < plan_.lower_bound_bytes) {
      return Broken("peak_sram_bytes is below the lower bound");
    }
    return absl::OkStatus();
  }

  absl::Status CheckPlacements() {
    for (const Placement& p : plan_.placements) {
      if (placement_of_[p.tensor] != nullptr) {
        return Broken(absl::StrFormat("tensor %d is placed twice", p.tensor));
      }
      placement_of_[p.tensor] = &p;
      if (p.offset < 0 || p.offset % kArenaAlignment != 0 ||
          p.offset + p.bytes > plan_.peak_sram_bytes) {
        return Broken(
            absl::StrFormat("tensor %d lies at [%d, %d), outside the arena of %d B or "
                            "not aligned",
                            p.tensor, p.offset, p.offset + p.bytes, plan_.peak_sram_bytes));
      }
    }
    return absl::OkStatus();
  }

  bool InRegion(int32_t region, int64_t offset, int64_t bytes) const {
    return region >= 0 && static_cast<size_t>(region) < plan_.region_bytes.size() && offset >= 0 &&
           offset % kArenaAlignment == 0 && offset + bytes <= plan_.region_bytes[region];
  }

  // Each op runs once, after the ops it reads from.
  absl::Status CheckOrder() const {
    std::vector<bool> made(graph_.tensors.size());
    for (size_t t = 0; t < made.size(); ++t) made[t] = graph_.tensors[t].constant;
    made[graph_.input] = true;
    size_t count = 0;
    for (const Step& step : plan_.steps) {
      for (int32_t index : step.ops) {
        const Op& op = graph_.ops[index];
        for (int32_t input : op.inputs) {
          if (!made[input]) return Broken(absl::StrFormat("op %d runs too early", index));
        }
        if (made[op.output]) return Broken(absl::StrFormat("op %d runs twice", index));
        made[op.output] = true;
        ++count;
      }
    }
    if (count != graph_.ops.size()) return Broken("not every op runs");
    return absl::OkStatus();
  }

  // What a step reads and writes is placed, large enough and alive.
  absl::Status CheckLifetimes() const {
    for (int32_t s = 0; s < static_cast<int32_t>(plan_.steps.size()); ++s) {
      const Step& step = plan_.steps[s];
      for (size_t i = 0; i < step.ops.size(); ++i) {
        const Op& op = graph_.ops[step.ops[i]];
        for (int32_t input : op.inputs) {
          bool inner = i > 0 && input == graph_.ops[step.ops[i - 1]].output;
          if (!inner && !graph_.tensors[input].constant) BL_RETURN_IF_ERROR(CheckAlive(input, s));
        }
      }
      BL_RETURN_IF_ERROR(CheckAlive(graph_.ops[step.ops.back()].output, s));
    }
    const auto last = static_cast<int32_t>(plan_.steps.size()) - 1;
    for (int32_t output : graph_.outputs) {
      if (placement_of_[output] != nullptr) BL_RETURN_IF_ERROR(CheckAlive(output, last));
    }
    return absl::OkStatus();
  }

  absl::Status CheckAlive(int32_t tensor, int32_t step) const {
    const Placement* p = placement_of_[tensor];
    if (p == nullptr || p->first_step > step || p->last_step < step) {
      return Broken(absl::StrFormat("tensor %d is not there in step %d", tensor, step));
    }
    // Tiles and streamed inputs are smaller than their tensors; everything else has its full size.
    bool partial = plan_.steps[step].in_patch ||
                   (tensor == graph_.input && plan_.input == InputMode::kStreamed);
    if (!partial && p->bytes < graph_.shape(tensor).elements()) {
      return Broken(absl::StrFormat("tensor %d has %d B, needs %d", tensor, p->bytes,
                                    graph_.shape(tensor).elements()));
    }
    return absl::OkStatus();
  }

  // A tensor may touch the one it is computed in place of in the step that computes it.
  static bool InPlace(const Placement& out, const Placement& in) {
    return out.in_place_of == in.tensor && out.first_step == in.last_step &&
           out.region == in.region && out.offset == in.offset;
  }

  absl::Status CheckOverlaps() const {
    for (const Placement& a : plan_.placements) {
      for (const Placement& b : plan_.placements) {
        if (a.tensor >= b.tensor || InPlace(a, b) || InPlace(b, a)) continue;
        bool same_time = a.first_step <= b.last_step && b.first_step <= a.last_step;
        bool same_place =
            a.region == b.region && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        if (same_time && same_place) {
          return Broken(absl::StrFormat("tensors %d and %d overlap", a.tensor, b.tensor));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckScratch() const {
    for (int32_t s = 0; s < static_cast<int32_t>(plan_.steps.size()); ++s) {
      const Step& step = plan_.steps[s];
      const Op& op = graph_.ops[step.ops[0]];
      int64_t least = KernelScratch(op, graph_.input_shape(op), graph_.output_shape(op)).least;
      if (!step.in_patch && step.scratch_bytes < least) {
        return Broken(
            absl::StrFormat("step %d has %d B of scratch, needs %d", s, step.scratch_bytes, least));
      }
      if (step.scratch_bytes == 0) continue;
      const int64_t begin = step.scratch_offset, end = begin + step.scratch_bytes;
      if (!InRegion(step.scratch_region, begin, step.scratch_bytes)) {
        return Broken(absl::StrFormat("the scratch of step %d lies outside the arena", s));
      }
      for (const Placement& p : plan_.placements) {
        bool alive = p.first_step <= s && p.last_step >= s;
        if (alive && p.region == step.scratch_region && p.offset < end &&
            begin < p.offset + p.bytes) {
          return Broken(absl::StrFormat("the scratch of step %d overlaps tensor %d", s, p.tensor));
        }
      }
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  const Plan& plan_;
  std::vector<const Placement*> placement_of_;
};

}  // namespace

absl::Status CheckPlan(const Graph& graph, const Plan& plan) {
  return Checker(graph, plan).Check();
}

}  // namespace boardloop
