// boardloop-worker eval: top-1 of an int8 model on a split of a data set.

#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/model_file.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"
#include "worker/command.h"
#include "worker/data/dataset.h"
#include "worker/flags.h"
#include "worker/model_files.h"
#include "worker/torch/quantize/quantize_network.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Counts top-1 of an int8 model on the validation or test split";

constexpr char kNotes[] =
    R"(The model runs in the integers of the boards, bit for bit. The test split is for the last figure of a report:
whoever chooses by it has none left.

Examples:
  boardloop-worker eval net.tflite
  boardloop-worker eval net.blm --split test --json
)";

enum class Split { kValidation, kTest };

struct Flags {
  std::string model;
  Split split = Split::kValidation;
  int32_t images = 0;
  std::string outputs;
  DataFlags data;
  DeviceFlags device;
  bool json = false;
};

absl::StatusOr<Dataset> LoadSplit(const Flags& flags, const v1::DatasetSpec& spec) {
  LoadOptions options;
  options.threads = flags.device.threads;
  if (flags.split == Split::kTest) return LoadTestData(spec, options);
  BL_ASSIGN_OR_RETURN(TrainingData data, LoadTrainingData(spec, options));
  return std::move(data.validation);
}

absl::Status CheckInput(const Model& model, const Dataset& data) {
  const Graph& graph = model.graph;
  const int64_t classes = graph.shape(graph.outputs[0]).elements();
  if (graph.shape(graph.input) == data.shape &&
      classes == static_cast<int64_t>(data.classes.size())) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "the model takes %s and has %d classes, the data set has images of %s and %d classes",
      graph.shape(graph.input).ToString(), classes, data.shape.ToString(), data.classes.size()));
}

absl::Status RunEval(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const Model model, ReadModelFile(flags.model));
  const Shape& input = model.graph.shape(model.graph.input);
  BL_ASSIGN_OR_RETURN(v1::DatasetSpec spec,
                      DatasetFromFlags(flags.data, input.height, v1::DatasetSpec()));
  if (!flags.data.channels) spec.set_channels(input.channels);
  BL_ASSIGN_OR_RETURN(const Dataset data, LoadSplit(flags, spec));
  BL_RETURN_IF_ERROR(CheckInput(model, data));
  const absl::Time begin = absl::Now();
  BL_ASSIGN_OR_RETURN(const Predictions predictions,
                      PredictInteger(model, data, flags.images, flags.device.threads));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  if (!flags.outputs.empty()) {
    BL_RETURN_IF_ERROR(WriteFileAtomically(
        flags.outputs, std::string(predictions.outputs.begin(), predictions.outputs.end())));
  }
  const char* split = flags.split == Split::kTest ? "test" : "validation";
  const auto images = static_cast<int64_t>(predictions.classes.size());
  if (flags.json) {
    return WriteResults(JsonText({{"model", flags.model},
                                  {"split", split},
                                  {"images", images},
                                  {"correct", predictions.correct},
                                  {"top1", predictions.top1},
                                  {"images_per_second", images / seconds}}));
  }
  return WriteResults(absl::StrFormat("%s top-1 %.4f: %d of %d images; %.0f images/s\n", split,
                                      predictions.top1, predictions.correct, images,
                                      static_cast<double>(images) / seconds));
}

}  // namespace

void AddEvalCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("eval", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("MODEL", flags->model, "A .blm or an int8 .tflite")->required()->type_name("");
  AddChoice<Split>(command, "--split", flags->split,
                   {{"validation", Split::kValidation}, {"test", Split::kTest}}, "Which images");
  AddInteger(command, "--images", flags->images, 0, 10000000, "Only the first so many; 0: all");
  command
      .add_option("--outputs", flags->outputs,
                  "Write the int8 outputs, one byte per class, image by image")
      ->type_name("FILE");
  AddDeviceFlags(command, flags->device);
  AddDataFlags(command, flags->data);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunEval(*flags); }; });
}

}  // namespace boardloop
