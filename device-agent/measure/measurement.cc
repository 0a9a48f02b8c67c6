#include "device-agent/measure/measurement.h"

#include <algorithm>

#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

// Unknown when there was no board to begin with.
Json TimingJson(const Measurement& measurement) {
  if (measurement.clock_hz == 0) return nullptr;
  return measurement.modelled ? "MODELLED" : "MEASURED";
}

Json CyclesJson(const Measurement& measurement) {
  if (measurement.runs.empty()) return nullptr;
  Json runs = Json::array();
  for (const Count& run : measurement.runs) runs.push_back(run.cycles);
  const auto less = [](const Count& a, const Count& b) { return a.cycles < b.cycles; };
  const auto [low, high] =
      std::minmax_element(measurement.runs.begin(), measurement.runs.end(), less);
  return {{"median", measurement.Median().cycles},
          {"min", low->cycles},
          {"max", high->cycles},
          {"runs", runs}};
}

Json SramJson(const std::optional<SramUse>& sram) {
  if (!sram.has_value()) return nullptr;
  Json total = nullptr;
  if (sram->data.has_value() && sram->stack.has_value()) {
    total = sram->arena + sram->scratch + *sram->data + *sram->stack;
  }
  return {{"arena", sram->arena},
          {"scratch", sram->scratch},
          {"data", OrNull(sram->data)},
          {"stack", OrNull(sram->stack)},
          {"total", total}};
}

Json FlashJson(const std::optional<FlashUse>& flash) {
  if (!flash.has_value()) return nullptr;
  return {{"weights", flash->weights},
          {"constants", flash->constants},
          {"code", OrNull(flash->code)},
          {"total", OrNull(flash->total)}};
}

Json PlanJson(const std::optional<Plan>& plan) {
  if (!plan.has_value()) return nullptr;
  return {{"input", plan->input == InputMode::kStreamed ? "streamed" : "resident"},
          {"patch_grid", plan->patch.grid},
          {"patch_blocks", plan->patch.blocks},
          {"peak_sram_bytes", plan->peak_sram_bytes},
          {"lower_bound_bytes", plan->lower_bound_bytes}};
}

Json OpsJson(const Measurement& measurement) {
  Json ops = Json::array();
  for (size_t i = 0; i < measurement.ops.size(); ++i) {
    const OpMeasurement& op = measurement.ops[i];
    Json row = {{"index", i},          {"name", op.name}, {"op", op.op},
                {"kernel", op.kernel}, {"macs", op.macs}, {"cycles", op.count.cycles}};
    if (measurement.has_instructions) row["instructions"] = op.count.instructions;
    ops.push_back(std::move(row));
  }
  return ops;
}

}  // namespace

const char* OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "OK";
    case Outcome::kAgentFailed:
      return "AGENT_FAILED";
    case Outcome::kInfeasible:
      return "INFEASIBLE";
    case Outcome::kCandidateFailed:
      return "CANDIDATE_FAILED";
    case Outcome::kBoardFailed:
      return "BOARD_FAILED";
    case Outcome::kProbeFailed:
      return "PROBE_FAILED";
    case Outcome::kInvalidModel:
      return "INVALID_MODEL";
  }
  return "AGENT_FAILED";
}

const char* MeasureModeName(MeasureMode mode) {
  return mode == MeasureMode::kImage ? "image" : "resident";
}

Count Measurement::Median() const {
  if (runs.empty()) return {};
  std::vector<Count> sorted = runs;
  std::sort(sorted.begin(), sorted.end(),
            [](const Count& a, const Count& b) { return a.cycles < b.cycles; });
  return sorted[(sorted.size() - 1) / 2];  // One that was measured, not a mean of two.
}

double Measurement::LatencyMs() const {
  if (clock_hz == 0) return 0;
  return 1e3 * static_cast<double>(Median().cycles) / static_cast<double>(clock_hz);
}

Json ToJson(const Measurement& measurement) {
  const bool ran = !measurement.runs.empty();
  const bool counted = ran && measurement.has_instructions;
  Json seconds = Json::object(), provenance = Json::object();
  for (const auto& [step, value] : measurement.seconds) seconds[step] = value;
  for (const auto& [name, value] : measurement.provenance) provenance[name] = value;
  return {
      {"version", 1},
      {"outcome", OutcomeName(measurement.outcome)},
      {"message", measurement.message},
      {"model", measurement.model},
      {"weights", measurement.random_weights ? "random" : "file"},
      {"mode", MeasureModeName(measurement.mode)},
      {"board", measurement.board},
      {"board_type", measurement.board_type},
      {"timing", TimingJson(measurement)},
      {"clock_hz", measurement.clock_hz},
      {"cycles", CyclesJson(measurement)},
      {"instructions", counted ? Json(measurement.Median().instructions) : Json(nullptr)},
      {"latency_ms", ran ? Json(measurement.LatencyMs()) : Json(nullptr)},
      {"macs", measurement.macs},
      {"sram", SramJson(measurement.sram)},
      {"flash", FlashJson(measurement.flash)},
      {"plan", PlanJson(measurement.plan)},
      {"exact", OrNull(measurement.exact)},
      {"inputs", measurement.inputs},
      {"samples", measurement.samples},
      {"correct", OrNull(measurement.correct)},
      {"outputs_sha256",
       measurement.outputs_sha256.empty() ? Json(nullptr) : Json(measurement.outputs_sha256)},
      {"per_op", OpsJson(measurement)},
      {"seconds", seconds},
      {"provenance", provenance},
  };
}

}  // namespace boardloop
