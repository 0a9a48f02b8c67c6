#include "core/plan/network_facts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/plan/flash_use.h"

namespace boardloop {
namespace {

// Names come from files and may hold anything: their length says where they end.
std::string NameText(const std::string& name) { return absl::StrCat(name.size(), ":", name); }

std::string WindowText(const Window& w) {
  return absl::StrFormat("%d %d %d %d %d %d %d %d", w.kernel_h, w.kernel_w, w.stride_h, w.stride_w,
                         w.pad_top, w.pad_bottom, w.pad_left, w.pad_right);
}

std::string OpText(const Op& op) {
  return absl::StrFormat(
      "op %s %s in %s out %d %s axis %d window %s channels %d shape %s %d %d %.9g\n",
      OpKindName(op.kind), NameText(op.name), absl::StrJoin(op.inputs, ","), op.output,
      ActivationName(op.activation), static_cast<int>(op.axis), WindowText(op.window),
      op.out_channels, op.reshape.ToString(), op.align_corners, op.half_pixel_centers, op.beta);
}

std::string StepText(const Step& step) {
  return absl::StrFormat("step %s %d scratch %d %d %d\n", absl::StrJoin(step.ops, ","),
                         step.in_patch, step.scratch_region, step.scratch_offset,
                         step.scratch_bytes);
}

std::string PlacementText(const Placement& p) {
  return absl::StrFormat("tensor %d %d %d %d %d %d %d\n", p.tensor, p.region, p.offset, p.bytes,
                         p.first_step, p.last_step, p.in_place_of);
}

}  // namespace

std::string DigestText(const Graph& graph) {
  std::string text = "graph 1\n";
  for (const Tensor& tensor : graph.tensors) {
    absl::StrAppend(&text, "tensor ", tensor.shape.ToString(),
                    tensor.constant ? " constant\n" : "\n");
  }
  for (const Op& op : graph.ops) absl::StrAppend(&text, OpText(op));
  absl::StrAppend(&text, "input ", graph.input, " outputs ", absl::StrJoin(graph.outputs, ","),
                  "\n");
  return text;
}

std::string DigestText(const Plan& plan) {
  std::string text = "plan 1\n";
  absl::StrAppend(&text, plan.input == InputMode::kResident ? "resident" : "streamed", " patch ",
                  plan.patch.grid, " ", plan.patch.ops, "\n");
  for (const Step& step : plan.steps) absl::StrAppend(&text, StepText(step));
  for (const Placement& placement : plan.placements) {
    absl::StrAppend(&text, PlacementText(placement));
  }
  absl::StrAppend(&text, "regions ", absl::StrJoin(plan.region_bytes, ","), "\n");
  return text;
}

NetworkFacts FactsOf(const Graph& graph, const Plan& plan) {
  const NetworkSize size = Measure(graph);
  NetworkFacts facts;
  facts.graph_digest = HashBytes(DigestText(graph)).Hex();
  facts.plan_digest = HashBytes(DigestText(plan)).Hex();
  facts.macs = size.macs;
  facts.params = size.params;
  facts.sram_bytes = plan.peak_sram_bytes;
  facts.flash_bytes = FlashAtMost(graph, plan);
  facts.fits_sram = plan.meets_limit;
  return facts;
}

absl::StatusOr<PlannedNetwork> PlanSubnet(const Space& space, const Subnet& subnet,
                                          const PlanOptions& options) {
  PlannedNetwork network;
  BL_ASSIGN_OR_RETURN(network.graph, BuildSubnet(space, subnet));
  BL_ASSIGN_OR_RETURN(network.plan, PlanGraph(network.graph, options));
  network.facts = FactsOf(network.graph, network.plan);
  return network;
}

}  // namespace boardloop
