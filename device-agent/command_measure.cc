// boardloop-agent measure: from models to their latency and memory on a board.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plot.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "device-agent/board_flags.h"
#include "device-agent/command.h"
#include "device-agent/measure/measure.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/prepare_network.h"
#include "device-agent/report.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kHelp[] =
    "Measures int8 networks on a board: latency by layer, SRAM, flash, exactness";

constexpr char kNotes[] = R"(Examples:
  boardloop-agent measure net.tflite --board virtual-stm32f405
  boardloop-agent measure net.tflite --board virtual-stm32f746 --patch off --json
  boardloop-agent measure mcunet_vww1 mobilenet_v2:res=96 --board virtual-stm32f405 --layers on
  boardloop-agent measure a.tflite b.tflite --board virtual-stm32f405 --mode resident
  boardloop-agent measure net.tflite --bench bench.yaml --board nucleo-1 --inputs 8 --plot net.svg

A network is a .tflite or .blm file or what `boardloop analyze` takes: a name, a subnet's file or its text.
Without a file it has random weights, which change neither its time nor its memory.

--mode image builds the program as it is delivered and compares its outputs with the host's
reference bit for bit. --mode resident loads a call table into a board that already holds all
kernels: no compiler, no flashing, the same cycles; its weights are random, so nothing is compared.

The latency of a virtual board is MODELLED: instructions are exact, cycles come from a documented
model (docs/cycle-model.md). Several models are measured on one board, one after the other.
)";

struct Flags {
  std::vector<std::string> models;
  BoardFlags board;
  MeasureOptions measure;
  int32_t run_seconds = 60;
  bool json = false;
  bool quiet = false;
  std::optional<bool> layers;  // Unset: with one model.
  std::string plot;
  std::string out;  // Also write the JSON here.
  std::string samples;
};

// "flash      0.52 s" when a step has ended.
void ShowStep(const std::string& step, std::optional<double> seconds) {
  if (seconds.has_value()) std::fprintf(stderr, "%-9s %6.2f s\n", step.c_str(), *seconds);
}

std::string PeopleText(const Measurement& measurement, bool layers) {
  std::string text = SummaryText(measurement);
  if (layers && !measurement.runs.empty()) text += "\n" + LayerTable(measurement);
  return text;
}

// An object for one measurement, an array for several.
std::string MeasurementsJson(const std::vector<Measurement>& measurements) {
  if (measurements.size() == 1) return JsonText(ToJson(measurements[0]));
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Measurement& measurement : measurements) array.push_back(ToJson(measurement));
  return JsonText(array);
}

absl::Status WriteMeasurements(const std::vector<Measurement>& measurements, const Flags& flags) {
  const bool one = measurements.size() == 1;
  if (!flags.out.empty()) {
    BL_RETURN_IF_ERROR(WriteFileAtomically(flags.out, MeasurementsJson(measurements)));
  }
  if (flags.json) return WriteResults(MeasurementsJson(measurements));
  const bool layers = flags.layers.value_or(one);
  if (one) return WriteResults(PeopleText(measurements[0], layers));
  std::string text;
  for (const Measurement& measurement : measurements) {
    if (layers) text += PeopleText(measurement, true) + "\n";
  }
  return WriteResults(text + ComparisonTable(measurements));
}

// What is said of each model when there is no board, or nothing to build with. `board_type` is
// empty without a board.
std::vector<Measurement> NoneMeasured(const Flags& flags, const std::string& board_type,
                                      const absl::Status& status) {
  Measurement measurement;
  measurement.outcome = Outcome::kAgentFailed;
  measurement.message = std::string(status.message());
  measurement.mode = flags.measure.mode;
  measurement.board = flags.board.board;
  measurement.board_type = board_type;
  std::vector<Measurement> measurements(flags.models.size(), measurement);
  for (size_t i = 0; i < measurements.size(); ++i) measurements[i].model = flags.models[i];
  return measurements;
}

// What the user typed is refused; all else is a result.
bool IsUsage(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsPermissionDenied(status);
}

absl::StatusOr<std::vector<Measurement>> MeasureAll(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<Board>> board = OpenBoard(flags.board);
  if (IsUsage(board.status())) return board.status();
  if (!board.ok()) return NoneMeasured(flags, "", board.status());
  absl::StatusOr<Builder> builder = MakeBuilder(flags.board);
  if (!builder.ok()) return NoneMeasured(flags, (*board)->type().name, builder.status());
  MeasureOptions options = flags.measure;
  if (!flags.samples.empty()) {
    BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(flags.samples, kMaxSamplesBytes));
    BL_ASSIGN_OR_RETURN(Samples samples, ParseSamples(bytes, flags.samples));
    options.samples = std::make_shared<const Samples>(std::move(samples));
  }
  std::vector<Measurement> measurements;
  const StepObserver observer = flags.quiet ? StepObserver(IgnoreSteps) : StepObserver(ShowStep);
  Preparer preparer((*board)->type(), *builder);
  for (const std::string& model : flags.models) {
    if (!flags.quiet && flags.models.size() > 1)
      std::fprintf(stderr, "%s\n", Printable(model).c_str());
    const PreparedMeasurement prepared = PrepareNetwork(preparer, model, options, observer);
    measurements.push_back(MeasurePrepared(prepared, **board, observer));
  }
  return measurements;
}

absl::StatusOr<int> RunMeasure(const Flags& flags) {
  if (!flags.plot.empty() && flags.models.size() != 1) {
    return absl::InvalidArgumentError("--plot draws one model, give one");
  }
  BL_ASSIGN_OR_RETURN(const std::vector<Measurement> measurements, MeasureAll(flags));
  BL_RETURN_IF_ERROR(WriteMeasurements(measurements, flags));
  if (!flags.plot.empty() && !measurements[0].runs.empty()) {
    BL_RETURN_IF_ERROR(WriteSvg(LayerFigure(measurements[0]), flags.plot));
  }
  for (const Measurement& measurement : measurements) {
    if (measurement.outcome != Outcome::kOk) return static_cast<int>(measurement.outcome);
  }
  return 0;
}

}  // namespace

void AddMeasureCommand(CLI::App& program, AgentAction& action) {
  CLI::App& command = *program.add_subcommand("measure", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  MeasureOptions& options = flags->measure;
  command.add_option("network", flags->models, "int8 model or network")
      ->required()
      ->type_name("NET");
  AddBoardFlags(command, flags->board);
  AddChoice<MeasureMode>(command, "--mode", options.mode,
                         {{"image", MeasureMode::kImage}, {"resident", MeasureMode::kResident}},
                         "Flash the whole program, or load a call table");
  AddChoice<bool>(command, "--patch", options.patch, {{"auto", true}, {"off", false}},
                  "Whether the first layers may run patch by patch");
  AddSize(command, "--sram-limit", options.sram_limit, "Most SRAM for arena and scratch");
  AddInputMode(command, options.input);
  AddInteger(command, "--runs", options.runs, 1, 64, "Runs that are timed");
  AddInteger(command, "--inputs", options.inputs, 1, 4096,
             "Test inputs whose outputs are compared with the reference");
  command
      .add_option("--samples", flags->samples,
                  "Labelled inputs to compare and count too (docs/formats/samples.md)")
      ->type_name("FILE.bls");
  AddInteger(command, "--run-timeout", flags->run_seconds, 1, 3600, "Seconds for the runs");
  AddJson(command, flags->json);
  command.add_option("--out", flags->out, "Also write the JSON to this file")->type_name("FILE");
  AddPlot(command, flags->plot, "Draw the cycles of each layer");
  AddChoice<std::optional<bool>>(command, "--layers", flags->layers, {{"on", true}, {"off", false}},
                                 "The table of layers; on with one network, off with several");
  command.add_flag("--quiet", flags->quiet, "No progress lines");
  command.callback([flags, &action] {
    flags->measure.run_deadline = absl::Seconds(flags->run_seconds);
    action = [flags] { return RunMeasure(*flags); };
  });
}

}  // namespace boardloop
