#include "worker/service/specialize_task.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/data/samples.h"
#include "core/graph/build_subnet.h"
#include "worker/flags.h"
#include "worker/model_files.h"
#include "worker/service/task_outcome.h"
#include "worker/torch/network.h"
#include "worker/torch/quantize/quantize_network.h"
#include "worker/torch/score.h"
#include "worker/torch/train_run.h"
#include "worker/torch/trainer.h"

namespace boardloop {
namespace {

constexpr char kPreset[] = "finetune";
constexpr int64_t kDefaultBoardImages = 100;  // As SpecializationSpec says.
constexpr double kDefaultPeakRate = 0.05;
constexpr double kMaxQatEpochs = 1000;
constexpr uint64_t kSamplesStream = 0x5a;  // Apart from the streams of training.

// Where each part ends, as a share of the whole: training takes nearly all of it, and a pass of quantization-aware training about
// three times as long as one of training.
constexpr double kInheritedShare = 0.05, kTrainingShare = 0.9;
constexpr double kQatCost = 3;

struct BatchSizes {
  int32_t batch = 0, micro_batch = 0;
};

// As they are, unless the data has fewer images than a batch: then one batch of all.
BatchSizes Shrunk(BatchSizes sizes, int64_t images) {
  if (images >= sizes.batch) return sizes;
  sizes.batch = sizes.micro_batch = static_cast<int32_t>(images);
  return sizes;
}

// `count` of the samples, drawn without replacement, in the order of the draw.
Samples DrawSamples(const Dataset& data, int64_t count, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(data.size()));
  std::iota(order.begin(), order.end(), 0);
  Random random = Random::ForItem(seed, kSamplesStream);
  Samples samples;
  samples.input_bytes = data.shape.elements();
  for (int64_t i = 0; i < count; ++i) {
    std::swap(order[i], order[random.Between(i, data.size() - 1)]);
    samples.labels.push_back(data.labels[order[i]]);
    const auto pixels = data.pixels.begin() + order[i] * samples.input_bytes;
    std::transform(
        pixels, pixels + samples.input_bytes, std::back_inserter(samples.inputs),
        [](uint8_t pixel) { return static_cast<int8_t>(int32_t{pixel} + kInputZeroPoint); });
  }
  return samples;
}

class Specialization {
 public:
  Specialization(const v1::SpecializeTask& task, WorkerCache& cache, const TaskContext& context,
                 const LoadedSupernet& supernet, Subnet subnet, Graph graph)
      : task_(task),
        spec_(task.specialization()),
        cache_(cache),
        context_(context),
        loaded_(supernet.loaded),
        data_(supernet.data),
        subnet_(std::move(subnet)),
        graph_(std::move(graph)),
        weights_(supernet.loaded.weights) {}

  absl::StatusOr<v1::SpecializeOutput> Run() {
    BL_RETURN_IF_ERROR(CheckTask());
    *output_.mutable_classes() = loaded_.checkpoint.header.classes();
    BL_RETURN_IF_ERROR(ScoreInherited());
    if (spec_.epochs() > 0) BL_RETURN_IF_ERROR(FineTune());
    BL_RETURN_IF_ERROR(Quantize());
    BL_RETURN_IF_ERROR(ReadTestSplit());
    BL_RETURN_IF_ERROR(Export());
    return output_;
  }

 private:
  int64_t BoardImages() const {
    return spec_.board_images() > 0 ? spec_.board_images() : kDefaultBoardImages;
  }
  double TrainingCost() const { return spec_.epochs() + kQatCost * spec_.qat_epochs(); }
  // Of all after `epochs` passes and `qat_epochs` ones.
  double Fraction(double epochs, double qat_epochs) const {
    const double done = TrainingCost() > 0 ? (epochs + kQatCost * qat_epochs) / TrainingCost() : 1;
    return kInheritedShare + kTrainingShare * done;
  }

  // Says what follows, and whether it should.
  absl::Status Next(double fraction, const std::string& text) {
    if (context_.cancelled()) return absl::CancelledError("stopped");
    Report(fraction, text);
    return absl::OkStatus();
  }

  void Report(double fraction, const std::string& text, double seconds_left = 0) {
    v1::TaskProgress progress;
    progress.set_fraction(fraction);
    progress.set_seconds_left(seconds_left);
    progress.set_text(text);
    context_.report(progress);
  }

  absl::Status CheckTask() const {
    if (!(spec_.qat_epochs() >= 0 && spec_.qat_epochs() <= kMaxQatEpochs)) {
      return absl::InvalidArgumentError(absl::StrFormat("qat_epochs is %g, must be in [0, %g]",
                                                        spec_.qat_epochs(), kMaxQatEpochs));
    }
    if (!(spec_.epochs() >= 0)) {  // What is above 0 is checked with the training.
      return absl::InvalidArgumentError(
          absl::StrFormat("epochs is %g, must not be negative", spec_.epochs()));
    }
    const int64_t bytes = data_.validation_samples.shape.elements();
    const int64_t most = std::min(kMaxSamples, kMaxSamplesBytes / (bytes + 8));
    if (spec_.board_images() < 0 || BoardImages() > most) {
      return absl::InvalidArgumentError(
          absl::StrFormat("board_images is %d, must be in [1, %d] with inputs of %d bytes",
                          spec_.board_images(), most, bytes));
    }
    return CheckFits(graph_, data_.validation);
  }

  CalibrationOptions Calibration() const {
    CalibrationOptions calibration;
    calibration.seed = task_.seed();
    return calibration;
  }

  absl::Status ScoreInherited() {
    BL_RETURN_IF_ERROR(Next(0, "scoring the inherited weights"));
    ScoreOptions options;
    options.calibration = Calibration();
    BL_ASSIGN_OR_RETURN(const Score score, ScoreSubnet(loaded_.space(), loaded_.weights, subnet_,
                                                       data_.train, data_.validation, options));
    output_.set_val_top1_inherited(score.top1);
    context_.count_images(score.images);
    return absl::OkStatus();
  }

  absl::StatusOr<v1::CheckpointHeader> FineTuneHeader() const {
    v1::CheckpointHeader header = loaded_.checkpoint.header;
    TrainingFlags flags;
    flags.preset = kPreset;
    flags.epochs = spec_.epochs();
    flags.peak_rate = spec_.peak_rate() != 0 ? spec_.peak_rate() : kDefaultPeakRate;
    flags.seed = task_.seed();
    v1::SupernetSpec unused;
    v1::TrainingSpec training;
    BL_RETURN_IF_ERROR(TrainingFromFlags(flags, unused, training));
    const BatchSizes sizes =
        Shrunk(BatchSizes{training.batch_size(), training.micro_batch_size()}, data_.train.size());
    training.set_batch_size(sizes.batch);
    training.set_micro_batch_size(sizes.micro_batch);
    *training.mutable_augmentation() = header.training().augmentation();
    *header.mutable_training() = std::move(training);
    header.set_subnet(CanonicalText(subnet_));
    header.set_train_samples(data_.train.size());
    header.set_seconds(0);
    header.set_step(0);
    header.clear_tensors();
    return header;
  }

  absl::Status FineTune() {
    BL_RETURN_IF_ERROR(Next(Fraction(0, 0), "fine-tuning"));
    Checkpoint start;
    BL_ASSIGN_OR_RETURN(start.header, FineTuneHeader());
    Trainer::Options options;
    options.device = cache_.device();
    options.threads = cache_.threads();
    options.teacher = LargestAsTeacher(loaded_);
    BL_ASSIGN_OR_RETURN(options.initial_weights, InheritedWeights(loaded_, graph_));
    BL_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer,
                        Trainer::Create(start, data_.train, options));
    TrainRunOptions run;
    run.accuracy_interval = absl::InfiniteDuration();
    run.score.threads = cache_.threads();
    run.score.calibration = Calibration();
    run.cancelled = context_.cancelled;
    int64_t counted_step = 0;
    run.report = [&](const TrainReport& report) {
      context_.count_images((report.step - counted_step) * start.header.training().batch_size());
      counted_step = report.step;
      const double epochs =
          spec_.epochs() * static_cast<double>(report.step) / static_cast<double>(report.steps);
      Report(Fraction(epochs, 0), absl::StrFormat("fine-tuning, loss %.4f", report.loss),
             report.seconds_left);
    };
    BL_ASSIGN_OR_RETURN(const TrainReport end,
                        RunTraining(*trainer, data_.train, data_.validation, run));
    output_.set_kept_inherited(end.accuracy->largest < output_.val_top1_inherited());
    if (!output_.kept_inherited()) weights_ = trainer->ScoredWeights();  // Shares what it views.
    return absl::OkStatus();
  }

  QuantizeOptions QuantizationOptions() const {
    QuantizeOptions options;
    options.threads = cache_.threads();
    options.ranges.seed = task_.seed();
    options.calibration = Calibration();
    options.qat_epochs = spec_.qat_epochs();
    options.qat.seed = task_.seed();
    options.qat.augmentation = loaded_.checkpoint.header.training().augmentation();
    const BatchSizes sizes = Shrunk(
        BatchSizes{options.qat.batch_size, options.qat.micro_batch_size}, data_.train.size());
    options.qat.batch_size = sizes.batch;
    options.qat.micro_batch_size = sizes.micro_batch;
    options.qat.cancelled = context_.cancelled;
    return options;
  }

  absl::Status Quantize() {
    BL_RETURN_IF_ERROR(Next(Fraction(spec_.epochs(), 0), "quantizing"));
    QuantizeOptions options = QuantizationOptions();
    int64_t counted_step = 0;
    options.qat.progress = [&, batch = options.qat.batch_size](int64_t step, int64_t steps,
                                                               double loss) {
      context_.count_images((step - counted_step) * batch);
      counted_step = step;
      const double epochs =
          spec_.qat_epochs() * static_cast<double>(step) / static_cast<double>(steps);
      Report(Fraction(spec_.epochs(), epochs),
             absl::StrFormat("quantization-aware training, loss %.4f", loss));
    };
    BL_ASSIGN_OR_RETURN(quantized_, QuantizeNetwork(graph_, weights_, data_.train, data_.validation,
                                                    data_.validation_samples, options));
    output_.set_val_top1_fp32(quantized_.fp32_top1);
    output_.set_val_top1_int8(quantized_.integer_top1);
    output_.set_qat(quantized_.qat);
    return absl::OkStatus();
  }

  absl::StatusOr<Dataset> LoadTest() const {
    LoadOptions options;
    options.threads = cache_.threads();
    BL_ASSIGN_OR_RETURN(Dataset test, LoadTestData(data_.spec, options));
    BL_RETURN_IF_ERROR(CheckClasses(loaded_, test.classes, data_.spec.path()));
    return test;
  }

  absl::Status ReadTestSplit() {
    BL_RETURN_IF_ERROR(Next(kInheritedShare + kTrainingShare, "reading the test split"));
    const absl::StatusOr<Dataset> test = LoadTest();
    if (!test.ok()) return OfMember(test.status());
    const DeviceData on_device(*test, cache_.device().device);
    const absl::Status fits = CheckFits(graph_, on_device);
    if (!fits.ok()) return OfMember(fits);
    const FoldedWeights folded = FoldBatchNorm(
        graph_, weights_, CalibrateBatchNorm(graph_, weights_, data_.train, Calibration()));
    output_.set_test_top1_fp32(Evaluate(graph_, folded, on_device, /*images=*/0).top1);
    BL_ASSIGN_OR_RETURN(const Predictions integer, PredictInteger(quantized_.model, *test,
                                                                  /*images=*/0, cache_.threads()));
    output_.set_test_top1_int8(integer.top1);
    output_.set_test_images(test->size());
    context_.count_images(2 * test->size());  // In float and in int8.
    samples_ =
        SerializeSamples(DrawSamples(*test, std::min(BoardImages(), test->size()), task_.seed()));
    return absl::OkStatus();
  }

  absl::Status Export() {
    BL_RETURN_IF_ERROR(Next(0.99, "uploading"));
    BL_ASSIGN_OR_RETURN(*output_.mutable_model_blm(), WriteModelAs(".blm"));
    BL_ASSIGN_OR_RETURN(*output_.mutable_model_tflite(), WriteModelAs(".tflite"));
    BL_ASSIGN_OR_RETURN(*output_.mutable_model_onnx(), WriteModelAs(".onnx"));
    BL_ASSIGN_OR_RETURN(*output_.mutable_samples(), context_.write(samples_));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> WriteModelAs(const std::string& ending) {
    BL_ASSIGN_OR_RETURN(const std::string bytes, SerializeAs(quantized_.model, ending));
    return context_.write(bytes);
  }

  const v1::SpecializeTask& task_;
  const v1::SpecializationSpec& spec_;
  WorkerCache& cache_;
  const TaskContext& context_;
  const LoadedCheckpoint& loaded_;
  const LoadedData& data_;
  const Subnet subnet_;
  const Graph graph_;
  Weights weights_;  // Of the super-network, then of the subnet alone.
  QuantizedNetwork quantized_;
  std::string samples_;
  v1::SpecializeOutput output_;
};

}  // namespace

absl::StatusOr<v1::SpecializeOutput> RunSpecializeTask(const v1::SpecializeTask& task,
                                                       WorkerCache& cache,
                                                       const TaskContext& context) {
  if (context.cancelled()) return absl::CancelledError("stopped");
  BL_ASSIGN_OR_RETURN(const LoadedSupernet supernet, cache.LoadSupernet(task.supernet(), context));
  BL_ASSIGN_OR_RETURN(Subnet subnet, SubnetOf(supernet.loaded, task.subnet()));
  BL_ASSIGN_OR_RETURN(Graph graph, BuildSubnet(supernet.loaded.space(), subnet));
  return Specialization(task, cache, context, supernet, std::move(subnet), std::move(graph)).Run();
}

}  // namespace boardloop
