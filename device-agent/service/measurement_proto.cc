#include "device-agent/service/measurement_proto.h"

namespace boardloop {
namespace {

v1::Measurement::Outcome ToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return v1::Measurement::OK;
    case Outcome::kAgentFailed:
      return v1::Measurement::AGENT_FAILED;
    case Outcome::kInfeasible:
      return v1::Measurement::OUTCOME_INFEASIBLE;
    case Outcome::kCandidateFailed:
      return v1::Measurement::CANDIDATE_FAILED;
    case Outcome::kBoardFailed:
      return v1::Measurement::BOARD_FAILED;
    case Outcome::kProbeFailed:
      return v1::Measurement::PROBE_FAILED;
    case Outcome::kInvalidModel:
      return v1::Measurement::INVALID_MODEL;
  }
  return v1::Measurement::AGENT_FAILED;
}

void AddTimes(const Measurement& measurement, v1::Measurement& proto) {
  if (measurement.runs.empty()) return;
  for (const Count& run : measurement.runs) proto.add_cycles(run.cycles);
  proto.set_median_cycles(measurement.Median().cycles);
  if (measurement.has_instructions) {
    proto.set_median_instructions(measurement.Median().instructions);
  }
  proto.set_latency_ms(measurement.LatencyMs());
  for (const OpMeasurement& op : measurement.ops) {
    v1::OperatorMeasurement& row = *proto.add_operators();
    row.set_name(op.name);
    row.set_operator_(op.op);
    row.set_kernel(op.kernel);
    row.set_macs(op.macs);
    row.set_cycles(op.count.cycles);
    row.set_instructions(op.count.instructions);
  }
}

void AddMemory(const Measurement& measurement, v1::Measurement& proto) {
  if (measurement.sram.has_value()) {
    const SramUse& sram = *measurement.sram;
    proto.set_arena_bytes(sram.arena);
    proto.set_scratch_bytes(sram.scratch);
    if (sram.data.has_value()) proto.set_data_bytes(*sram.data);
    if (sram.stack.has_value()) proto.set_stack_bytes(*sram.stack);
  }
  if (measurement.flash.has_value()) {
    const FlashUse& flash = *measurement.flash;
    proto.set_weights_bytes(flash.weights);
    proto.set_constants_bytes(flash.constants);
    if (flash.code.has_value()) proto.set_code_bytes(*flash.code);
    if (flash.total.has_value()) proto.set_flash_bytes(*flash.total);
  }
}

}  // namespace

v1::Measurement ToProto(const Measurement& measurement, const std::string& board) {
  v1::Measurement proto;
  proto.set_outcome(ToProto(measurement.outcome));
  proto.set_message(measurement.message);
  proto.set_mode(measurement.mode == MeasureMode::kImage ? v1::Measurement::IMAGE
                                                         : v1::Measurement::RESIDENT);
  proto.set_board(board);
  proto.set_board_type(measurement.board_type);
  proto.set_timing(measurement.modelled ? v1::Measurement::MODELLED : v1::Measurement::MEASURED);
  proto.set_clock_hz(measurement.clock_hz);
  proto.set_macs(measurement.macs);
  AddTimes(measurement, proto);
  AddMemory(measurement, proto);
  if (measurement.exact.has_value()) proto.set_exact(*measurement.exact);
  proto.set_inputs(measurement.inputs);
  proto.set_samples(measurement.samples);
  proto.set_outputs_sha256(measurement.outputs_sha256);
  if (measurement.correct.has_value()) proto.set_correct(*measurement.correct);
  for (const auto& [step, seconds] : measurement.seconds)
    (*proto.mutable_seconds())[step] = seconds;
  for (const auto& [name, value] : measurement.provenance) {
    (*proto.mutable_provenance())[name] = value;
  }
  return proto;
}

}  // namespace boardloop
