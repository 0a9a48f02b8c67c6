#include "worker/torch/quantize/quantize_network.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/quant/interpreter.h"
#include "worker/torch/quantize/quantize_model.h"
#include "worker/torch/quantize/simulate.h"
#include "worker/torch/torch_errors.h"
#include "worker/torch/torch_parallel.h"

namespace boardloop {
namespace {

constexpr int64_t kChunk = 128;  // Images that one thread takes at a time.

int64_t CountOf(int64_t images, int64_t available) {
  return images > 0 ? std::min(images, available) : available;
}

template <typename Values>
int32_t FirstLargest(const Values& values) {
  return static_cast<int32_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

absl::Status PredictChunk(const Model& model, const Dataset& data, int64_t first, int64_t end,
                          Predictions& predictions) {
  BL_ASSIGN_OR_RETURN(Interpreter interpreter, Interpreter::Create(model));
  const int64_t bytes = data.shape.elements();
  std::vector<int8_t> input(static_cast<size_t>(bytes));
  for (int64_t n = first; n < end; ++n) {
    for (int64_t i = 0; i < bytes; ++i) {
      input[i] = static_cast<int8_t>(data.pixels[n * bytes + i] + kInputZeroPoint);
    }
    BL_RETURN_IF_ERROR(interpreter.Run(input));
    const absl::Span<const int8_t> output = interpreter.Output();
    predictions.classes[n] = FirstLargest(output);
    std::copy(output.begin(), output.end(), predictions.outputs.begin() + n * output.size());
  }
  return absl::OkStatus();
}

void Count(absl::Span<const int32_t> labels, Predictions& predictions) {
  for (size_t i = 0; i < predictions.classes.size(); ++i) {
    predictions.correct += static_cast<int64_t>(predictions.classes[i] == labels[i]);
  }
  predictions.top1 = static_cast<double>(predictions.correct) /
                     static_cast<double>(std::max<size_t>(1, predictions.classes.size()));
}

absl::Status SimulateChunk(const SimulatedNetwork& network, const DeviceData& data, int64_t first,
                           int64_t count, int32_t* classes, int32_t* labels) {
  at::NoGradGuard no_grad;
  const DeviceData::Batch batch = data.Range(first, count);
  const at::Tensor chosen = network.Forward(batch.images).argmax(1).to(at::kCPU, at::kInt);
  const at::Tensor truth = batch.labels.to(at::kCPU, at::kInt);
  std::copy_n(chosen.data_ptr<int32_t>(), count, classes);
  std::copy_n(truth.data_ptr<int32_t>(), count, labels);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Predictions> PredictInteger(const Model& model, const Dataset& data, int64_t images,
                                           int threads) {
  Predictions predictions;
  const int64_t count = CountOf(images, data.size());
  const int64_t values = model.graph.shape(model.graph.outputs[0]).elements();
  predictions.classes.resize(static_cast<size_t>(count));
  predictions.outputs.resize(static_cast<size_t>(count * values));
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  BL_RETURN_IF_ERROR(ParallelTorch(chunks, threads, [&](int64_t chunk) {
    return PredictChunk(model, data, chunk * kChunk, std::min(count, (chunk + 1) * kChunk),
                        predictions);
  }));
  Count(data.labels, predictions);
  return predictions;
}

absl::StatusOr<Predictions> PredictSimulated(const Model& model, const DeviceData& data,
                                             int64_t images, int threads) {
  SimulatedNetwork::Options options;
  options.device = data.device();
  BL_ASSIGN_OR_RETURN(const SimulatedNetwork network, SimulatedNetwork::Create(model, options));
  Predictions predictions;
  const int64_t count = CountOf(images, data.size());
  predictions.classes.resize(static_cast<size_t>(count));
  const int64_t chunks = (count + kChunk - 1) / kChunk;
  std::vector<int32_t> labels(static_cast<size_t>(count));
  if (!data.device().is_cpu()) threads = 1;
  BL_RETURN_IF_ERROR(ParallelTorch(chunks, threads, [&](int64_t chunk) {
    const int64_t first = chunk * kChunk;
    return SimulateChunk(network, data, first, std::min(kChunk, count - first),
                         predictions.classes.data() + first, labels.data() + first);
  }));
  Count(labels, predictions);
  return predictions;
}

absl::StatusOr<QuantizedNetwork> QuantizeNetwork(const Graph& graph, const Weights& weights,
                                                 const DeviceData& train,
                                                 const DeviceData& validation,
                                                 const Dataset& validation_samples,
                                                 const QuantizeOptions& options) {
  QuantizedNetwork result;
  BL_RETURN_IF_ERROR(CatchTorchErrors([&]() -> absl::Status {
    const std::vector<Moments> moments =
        CalibrateBatchNorm(graph, weights, train, options.calibration);
    FoldedWeights folded = FoldBatchNorm(graph, weights, moments);
    result.images = validation.size();
    result.fp32_top1 = Evaluate(graph, folded, validation, /*images=*/0).top1;
    BL_ASSIGN_OR_RETURN(const std::vector<RealRange> ranges,
                        MeasureRanges(graph, folded, train, options.ranges));
    const std::vector<Quantization> activations = QuantizeActivations(graph, ranges);
    for (FoldedOp& op : folded) {
      if (op.filter.defined()) op = {op.filter.to(at::kCPU), op.bias.to(at::kCPU)};
    }
    BL_ASSIGN_OR_RETURN(result.model, QuantizeModel(graph, folded, activations));
    BL_ASSIGN_OR_RETURN(Predictions simulated,
                        PredictSimulated(result.model, validation, 0, options.threads));
    result.ptq_top1 = result.simulated_top1 = simulated.top1;
    if (options.qat_epochs > 0) {
      QatOptions qat = options.qat;
      qat.epochs = options.qat_epochs;
      qat.threads = options.threads;
      BL_ASSIGN_OR_RETURN(Model trained, TrainQuantized(graph, folded, activations, train, qat));
      BL_ASSIGN_OR_RETURN(simulated, PredictSimulated(trained, validation, 0, options.threads));
      if (simulated.top1 > result.ptq_top1) {
        result.model = std::move(trained);
        result.simulated_top1 = simulated.top1;
        result.qat = true;
      }
    }
    BL_ASSIGN_OR_RETURN(const Predictions integer,
                        PredictInteger(result.model, validation_samples, 0, options.threads));
    result.integer_top1 = integer.top1;
    return absl::OkStatus();
  }));
  return result;
}

}  // namespace boardloop
