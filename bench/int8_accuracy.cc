#include "bench/int8_accuracy.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/supernet_training.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/presets/training_presets.h"
#include "nlohmann/json.hpp"
#include "worker/supernet_file.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/quantize/quantize_network.h"
#include "worker/torch/score.h"

namespace boardloop {
namespace {

constexpr char kNotes[] =
    R"(Prints validation top-1 of random subnets with a super-network's weights, batch norm recalibrated as `score`
does: in float, and quantized (PTQ).

With --qat-epochs also after quantization-aware training from the same weights (QAT), whether or not it is
better than PTQ. It learns, so it is held to a float network that has learned as much: the same weights,
fine-tuned for as many epochs from the labels alone (as `finetune --no-teacher` does) with each of
--fp32-rates; the best of these, or the weights as they were, is what QAT's loss counts from.

Every int8 model predicts twice, simulated and by the integer interpreter; predictions that differ are counted.

Example:
  supernet_bench int8 supernet.blc --subnets 8 --qat-epochs 1
)";

struct Figures {
  std::string subnet;
  int64_t macs = 0;
  double fp32 = 0, ptq = 0;
  double tuned = 0, qat = 0;  // With --qat-epochs.
  int64_t differing = 0;      // Predictions.
};

class Int8Bench {
 public:
  Int8Bench(const Int8Flags& flags, const LoadedCheckpoint& loaded, const SplitData& data)
      : flags_(flags), loaded_(loaded), data_(data), threads_(flags.device.threads) {}

  absl::StatusOr<Figures> Run(const Subnet& subnet) const {
    BL_ASSIGN_OR_RETURN(const Graph graph, BuildSubnet(loaded_.space(), subnet));
    Figures figures;
    figures.subnet = CanonicalText(subnet);
    figures.macs = Measure(graph).macs;
    FoldedWeights folded = FoldBatchNorm(
        graph, loaded_.weights, CalibrateBatchNorm(graph, loaded_.weights, data_.train, {}));
    figures.fp32 = Evaluate(graph, folded, data_.validation, /*images=*/0).top1;
    BL_ASSIGN_OR_RETURN(const std::vector<RealRange> ranges,
                        MeasureRanges(graph, folded, data_.train, {}));
    const std::vector<Quantization> activations = QuantizeActivations(graph, ranges);
    for (FoldedOp& op : folded) {  // Quantization is on the CPU.
      if (op.filter.defined()) op = {op.filter.to(at::kCPU), op.bias.to(at::kCPU)};
    }
    BL_ASSIGN_OR_RETURN(const Model model, QuantizeModel(graph, folded, activations));
    BL_ASSIGN_OR_RETURN(figures.ptq, Predict(model, figures));
    if (flags_.qat_epochs == 0) return figures;
    BL_ASSIGN_OR_RETURN(figures.tuned, FineTuned(graph, figures));
    BL_ASSIGN_OR_RETURN(const Model trained,
                        TrainQuantized(graph, folded, activations, data_.train, QatOptionsOf()));
    BL_ASSIGN_OR_RETURN(figures.qat, Predict(trained, figures));
    return figures;
  }

 private:
  QatOptions QatOptionsOf() const {
    QatOptions options;
    options.epochs = flags_.qat_epochs;
    options.peak_rate = flags_.qat_rate;
    options.augmentation = loaded_.checkpoint.header.training().augmentation();
    options.seed = flags_.seed;
    options.threads = threads_;
    return options;
  }

  // Top-1 in integers.
  absl::StatusOr<double> Predict(const Model& model, Figures& figures) const {
    BL_ASSIGN_OR_RETURN(const Predictions integer,
                        PredictInteger(model, data_.samples.validation, /*images=*/0, threads_));
    BL_ASSIGN_OR_RETURN(const Predictions simulated,
                        PredictSimulated(model, data_.validation, /*images=*/0, threads_));
    for (size_t i = 0; i < integer.classes.size(); ++i) {
      figures.differing += static_cast<int64_t>(integer.classes[i] != simulated.classes[i]);
    }
    return integer.top1;
  }

  absl::StatusOr<double> FineTuned(const Graph& graph, const Figures& figures) const {
    v1::CheckpointHeader header = loaded_.checkpoint.header;
    BL_ASSIGN_OR_RETURN(const TrainingPreset preset, GetTrainingPreset("finetune"));
    const v1::Augmentation augmentation = header.training().augmentation();
    v1::TrainingSpec& training = *header.mutable_training();
    training = preset.training;
    *training.mutable_augmentation() = augmentation;
    training.set_epochs(flags_.qat_epochs);
    training.set_warmup_epochs(0);  // As QAT.
    training.set_seed(flags_.seed);
    header.set_subnet(figures.subnet);
    header.clear_tensors();
    header.set_step(0);
    BL_ASSIGN_OR_RETURN(const at::Tensor weights, InheritedWeights(loaded_, graph));
    double best = figures.fp32;
    for (const double rate : flags_.fp32_rates) {
      training.set_peak_rate(rate);
      BL_ASSIGN_OR_RETURN(const TrainReport report,
                          TrainNow(header, data_, threads_, weights.clone()));
      std::fprintf(stderr, "  float, rate %g: %.4f\n", rate, report.accuracy->largest);
      best = std::max(best, report.accuracy->largest);
    }
    return best;
  }

  const Int8Flags& flags_;
  const LoadedCheckpoint& loaded_;
  const SplitData& data_;
  const int threads_;
};

Figures MeanOf(const std::vector<Figures>& all) {
  Figures mean;
  const auto count = static_cast<double>(all.size());
  for (const Figures& figures : all) {
    mean.fp32 += figures.fp32 / count;
    mean.ptq += figures.ptq / count;
    mean.tuned += figures.tuned / count;
    mean.qat += figures.qat / count;
    mean.differing += figures.differing;
  }
  return mean;
}

std::string Points(double from, double to) { return absl::StrFormat("%+.2f", 100 * (to - from)); }

std::vector<std::string> Row(const Figures& figures, bool qat) {
  std::vector<std::string> row = {absl::StrFormat("%.4f", figures.fp32),
                                  absl::StrFormat("%.4f", figures.ptq),
                                  Points(figures.fp32, figures.ptq)};
  if (qat) {
    row.push_back(absl::StrFormat("%.4f", figures.tuned));
    row.push_back(absl::StrFormat("%.4f", figures.qat));
    row.push_back(Points(figures.tuned, figures.qat));
  }
  row.push_back(figures.macs > 0 ? FormatCount(static_cast<double>(figures.macs)) : "");
  row.push_back(figures.subnet);
  return row;
}

nlohmann::ordered_json Json(const Figures& figures, bool qat) {
  nlohmann::ordered_json json = {{"subnet", figures.subnet},
                                 {"macs", figures.macs},
                                 {"fp32", figures.fp32},
                                 {"ptq", figures.ptq}};
  if (qat) json.update({{"fp32_tuned", figures.tuned}, {"qat", figures.qat}});
  return json;
}

absl::Status Print(const std::vector<Figures>& all, int64_t images, const Int8Flags& flags) {
  const bool qat = flags.qat_epochs > 0;
  Figures mean = MeanOf(all);
  mean.subnet = "mean";
  const int64_t predictions = images * static_cast<int64_t>(all.size()) * (qat ? 2 : 1);
  if (flags.json) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Figures& figures : all) rows.push_back(Json(figures, qat));
    nlohmann::ordered_json json = Json(mean, qat);
    json.erase("subnet"), json.erase("macs");
    json.update({{"differing", mean.differing}, {"predictions", predictions}, {"subnets", rows}});
    return WriteResults(JsonText(json));
  }
  std::vector<Column> columns = {{"fp32"}, {"PTQ"}, {"points"}};
  if (qat) columns.insert(columns.end(), {{"fp32 tuned"}, {"QAT"}, {"points"}});
  columns.insert(columns.end(), {{"MACs"}, {"subnet", Align::kLeft}});
  Table table(columns);
  for (const Figures& figures : all) table.AddRow(Row(figures, qat));
  table.AddRow(Row(mean, qat));
  return WriteResults(
      absl::StrFormat("%s\n%d images of the validation split; simulated and integer predictions "
                      "differ in %d of %d\n",
                      table.Text(), images, mean.differing, predictions));
}

}  // namespace

CLI::App& AddInt8Command(CLI::App& program, Int8Flags& flags) {
  CLI::App& command = *program.add_subcommand("int8", "Accuracy in int8 against float");
  command.footer(kNotes);
  command.add_option("CHECKPOINT", flags.checkpoint, "Of a super-network")->required();
  AddInteger(command, "--subnets", flags.subnets, 1, 1000, "How many");
  command
      .add_option("--qat-epochs", flags.qat_epochs,
                  "Passes of quantization-aware training; 0: none")
      ->check(CLI::Range(0.0, 1000.0))
      ->type_name("X")
      ->capture_default_str();
  AddNumber(command, "--qat-rate", flags.qat_rate, 0, 10, "Its first learning rate");
  command
      .add_option("--fp32-rates", flags.fp32_rates,
                  "First learning rates of the float network that QAT is held to")
      ->check(CLI::Range(1e-9, 10.0))
      ->type_name("X")
      ->capture_default_str();
  AddSeed(command, flags.seed);
  AddDataFlags(command, flags.data);
  AddDeviceFlags(command, flags.device);
  AddJson(command, flags.json);
  return command;
}

absl::Status RunInt8(const Int8Flags& flags) {
  BL_ASSIGN_OR_RETURN(const LoadedCheckpoint loaded,
                      LoadCheckpoint(flags.checkpoint, flags.device));
  BL_ASSIGN_OR_RETURN(TrainingData samples,
                      LoadCheckpointData(loaded, flags.data, flags.device.threads));
  const SplitData data(std::move(samples), loaded.device);
  BL_ASSIGN_OR_RETURN(const std::vector<Subnet> subnets,
                      ChooseSubnets(loaded, {}, flags.subnets, flags.seed));
  const Int8Bench bench(flags, loaded, data);
  std::vector<Figures> all;
  for (const Subnet& subnet : subnets) {
    BL_ASSIGN_OR_RETURN(Figures figures, bench.Run(subnet));
    std::fprintf(stderr, "%zu of %zu: fp32 %.4f, PTQ %.4f", all.size() + 1, subnets.size(),
                 figures.fp32, figures.ptq);
    if (flags.qat_epochs > 0) {
      std::fprintf(stderr, "; fp32 tuned %.4f, QAT %.4f", figures.tuned, figures.qat);
    }
    std::fprintf(stderr, "\n");
    all.push_back(std::move(figures));
  }
  return Print(all, data.validation.size(), flags);
}

}  // namespace boardloop
