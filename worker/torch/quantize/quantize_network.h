// The whole way of a trained network to int8: fold, measure ranges, quantize, train on if asked, count.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"
#include "worker/torch/device_data.h"
#include "worker/torch/quantize/activation_ranges.h"
#include "worker/torch/quantize/qat.h"
#include "worker/torch/score.h"

namespace boardloop {

// What a model answers for each image of a data set.
struct Predictions {
  std::vector<int32_t> classes;  // The first of equal largest outputs.
  std::vector<int8_t> outputs;   // [image][class]; of PredictInteger.
  int64_t correct = 0;
  double top1 = 0;
};

// By core/quant's interpreter, `threads` images side by side; the first `images` (0: all) of `data`.
absl::StatusOr<Predictions> PredictInteger(const Model& model, const Dataset& data, int64_t images,
                                           int threads);

// By simulated quantization (simulate.h), on the device of the data; the same classes.
absl::StatusOr<Predictions> PredictSimulated(const Model& model, const DeviceData& data,
                                             int64_t images, int threads);

struct QuantizeOptions {
  RangeOptions ranges;
  CalibrationOptions calibration;  // Of batch norm, before it is folded.
  double qat_epochs = 0;           // 0: no quantization-aware training.
  QatOptions qat;
  int threads = 1;
};

struct QuantizedNetwork {
  Model model;
  bool qat = false;  // The model is that of quantization-aware training.
  // Validation top-1: of the float network, of the model without and with further training (simulated), and
  // of the model returned, in integers.
  double fp32_top1 = 0, ptq_top1 = 0, simulated_top1 = 0, integer_top1 = 0;
  int64_t images = 0;
};

// `graph` with its slice of `weights`. Of the models without and with quantization-aware training the better one on
// the validation split is returned.
absl::StatusOr<QuantizedNetwork> QuantizeNetwork(const Graph& graph, const Weights& weights,
                                                 const DeviceData& train,
                                                 const DeviceData& validation,
                                                 const Dataset& validation_samples,
                                                 const QuantizeOptions& options);

}  // namespace boardloop
