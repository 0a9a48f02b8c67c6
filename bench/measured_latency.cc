#include "bench/measured_latency.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/graph/model.h"
#include "core/plan/step_work.h"
#include "device-agent/board_flags.h"
#include "device-agent/measure/measure.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/service/measurement_proto.h"

namespace boardloop {
namespace {

constexpr uint64_t kWeightSeed = 1;

}  // namespace

absl::StatusOr<LatencyPredictor> FitToBoard(const std::string& board_type,
                                            const std::vector<DrawnNetwork>& networks) {
  BoardFlags flags;
  flags.board = board_type;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Board> board, OpenBoard(flags));
  BL_ASSIGN_OR_RETURN(const Builder builder, MakeBuilder(flags));
  Preparer preparer(board->type(), builder);
  MeasureOptions options;
  options.mode = MeasureMode::kResident;
  options.patch = false;
  std::vector<LatencySample> samples;
  for (const DrawnNetwork& network : networks) {
    const PlannedNetwork& planned = network.planned;
    const std::string name = CanonicalText(network.subnet);
    const PreparedMeasurement prepared =
        preparer.Prepare(RandomModel(planned.graph, kWeightSeed), name, options, IgnoreSteps);
    const Measurement measurement = MeasurePrepared(prepared, *board, IgnoreSteps);
    if (measurement.outcome != Outcome::kOk) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s: %s: %s", name, OutcomeName(measurement.outcome), measurement.message));
    }
    BL_ASSIGN_OR_RETURN(
        LatencySample sample,
        MakeLatencySample(planned.facts.graph_digest, WorkOfSteps(planned.graph, planned.plan),
                          ToProto(measurement, "boards/bench")));
    samples.push_back(std::move(sample));
  }
  return LatencyPredictor::Fit(samples);
}

}  // namespace boardloop
