// boardloop-worker quantize: from a checkpoint to an int8 model.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "nlohmann/json.hpp"
#include "worker/command.h"
#include "worker/flags.h"
#include "worker/model_files.h"
#include "worker/stop_signal.h"
#include "worker/supernet_file.h"
#include "worker/torch/quantize/quantize_network.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Quantizes a network to int8 and writes it as .tflite, .onnx or .blm";

constexpr char kNotes[] =
    R"(Batch norm is recalibrated and folded, weights get a scale per channel, activations a range measured on
training images. With --qat-epochs the network is then trained with the arithmetic of the boards in its
forward pass, and the better model by validation top-1 is kept.

The input of the model is a byte less 128 (scale 1/255, zero point -128).

Examples:
  boardloop-worker quantize net.blc --out net.tflite --out net.onnx
  boardloop-worker quantize supernet.blc net.json --qat-epochs 2 --out net.blm
)";

struct Flags {
  std::string checkpoint;
  std::vector<std::string> subnet;
  std::vector<std::string> out;
  QuantizeOptions options;
  int32_t images = 1024;
  int32_t calibration_images = 1280;
  uint64_t seed = 1;
  DataFlags data;
  DeviceFlags device;
  bool json = false;
};

nlohmann::ordered_json ResultJson(const Flags& flags, const Subnet& subnet,
                                  const QuantizedNetwork& result) {
  return {{"subnet", CanonicalText(subnet)},
          {"macs", Measure(result.model.graph).macs},
          {"method", result.qat ? "QAT" : "PTQ"},
          {"val_images", result.images},
          {"val_top1_fp32", result.fp32_top1},
          {"val_top1_ptq", result.ptq_top1},
          {"val_top1_simulated", result.simulated_top1},
          {"val_top1_int8", result.integer_top1},
          {"files", flags.out}};
}

std::string ResultText(const Flags& flags, const QuantizedNetwork& result) {
  std::string text =
      absl::StrFormat("validation top-1 of %d images: fp32 %.4f, after quantization %.4f",
                      result.images, result.fp32_top1, result.ptq_top1);
  if (flags.options.qat_epochs > 0) {
    absl::StrAppendFormat(&text, ", %s",
                          result.qat ? absl::StrFormat("after training %.4f", result.simulated_top1)
                                     : "no better after training");
  }
  return absl::StrFormat("%s; in integers %.4f\n%s\n", text, result.integer_top1,
                         absl::StrJoin(flags.out, "\n"));
}

absl::Status RunQuantize(const Flags& flags) {
  for (const std::string& path : flags.out) BL_RETURN_IF_ERROR(CheckModelPath(path));
  BL_ASSIGN_OR_RETURN(const LoadedCheckpoint loaded,
                      LoadCheckpoint(flags.checkpoint, flags.device));
  if (!loaded.single() && flags.subnet.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.checkpoint, " is of a super-network: which SUBNET?"));
  }
  BL_ASSIGN_OR_RETURN(const std::vector<Subnet> subnets,
                      ChooseSubnets(loaded, flags.subnet, /*random=*/0, /*seed=*/0));
  BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(loaded.space(), subnets[0]));
  BL_ASSIGN_OR_RETURN(const TrainingData data,
                      LoadCheckpointData(loaded, flags.data, flags.device.threads));
  const DeviceData train(data.train, loaded.device.device);
  const DeviceData validation(data.validation, loaded.device.device);

  QuantizeOptions options = flags.options;
  options.threads = flags.device.threads;
  options.ranges.images = flags.images;
  options.ranges.seed = flags.seed;
  options.calibration.images = flags.calibration_images;  // With the seed of `score`: its top-1.
  options.qat.seed = flags.seed;
  options.qat.augmentation = loaded.checkpoint.header.training().augmentation();
  options.qat.cancelled = StopRequested;
  CatchStopSignals();
  QuantizedNetwork result;
  {
    Progress progress("steps of quantization-aware training");
    options.qat.progress = [&](int64_t step, int64_t steps, double /*loss*/) {
      progress.Update(step, steps);
    };
    BL_ASSIGN_OR_RETURN(result, QuantizeNetwork(graph, loaded.weights, train, validation,
                                                data.validation, options));
  }
  for (const std::string& path : flags.out) {
    BL_RETURN_IF_ERROR(WriteModel(result.model, path));
  }
  return WriteResults(flags.json ? JsonText(ResultJson(flags, subnets[0], result))
                                 : ResultText(flags, result));
}

}  // namespace

void AddQuantizeCommand(CLI::App& program, WorkerAction& action) {
  CLI::App& command = *program.add_subcommand("quantize", kHelp);
  command.alias("quantise");
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("CHECKPOINT", flags->checkpoint, "Of one network, or of a super-network")
      ->required()
      ->type_name("");
  command
      .add_option("SUBNET", flags->subnet, "Of a super-network: a subnet file or canonical text")
      ->expected(0, 1)
      ->type_name("");
  command
      .add_option("--out", flags->out,
                  "Model to write; the ending says the format (.tflite, .onnx, "
                  ".blm). May be repeated")
      ->type_name("FILE");
  AddChoice<RangeMethod>(command, "--ranges", flags->options.ranges.method,
                         {{"minmax", RangeMethod::kMinMax},
                          {"percentile", RangeMethod::kPercentile},
                          {"mse", RangeMethod::kMse}},
                         "How ranges of activations are chosen: all values, all but 0.01 % at each "
                         "end, or the least squared error");
  AddInteger(command, "--range-images", flags->images, 1, 1000000,
             "Training images that ranges are measured on");
  AddInteger(command, "--calibration-images", flags->calibration_images, 1, 1000000,
             "Training images for batch norm");
  command
      .add_option("--qat-epochs", flags->options.qat_epochs,
                  "Passes of quantization-aware training; 0: none")
      ->check(CLI::Range(0.0, 1000.0))
      ->type_name("X")
      ->capture_default_str();
  AddNumber(command, "--qat-rate", flags->options.qat.peak_rate, 0, 10, "Its first learning rate");
  AddSeed(command, flags->seed);
  AddDeviceFlags(command, flags->device);
  AddDataFlags(command, flags->data);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunQuantize(*flags); }; });
}

}  // namespace boardloop
