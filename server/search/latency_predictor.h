// Predicts the latency of a network on a board type from networks measured there.
//
// A network is the sum of its steps. The time of a step is a linear function, without negative
// coefficients, of what the step executes (StepWork); each kind of step has a function of its own,
// fitted to the measured cycles of its kind. Kinds never measured, and networks measured without
// their steps, are served by one function fitted to whole networks.
//
// Invariants:
//   (1) A predictor is a function of the samples and options; not of the samples' order.
//   (2) Its error is that on networks it has not seen: by cross-validation, where all samples of a
//       network are held out together.
//   (3) A prediction is called confident only where that error says something: enough networks,
//       every kind of step measured, nothing much larger than what was measured.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "boardloop/v1/measurement.pb.h"
#include "core/plan/step_work.h"

namespace boardloop {

// A measured network.
struct LatencySample {
  std::string network;  // Graph digest.
  std::vector<StepWork> steps;
  std::vector<std::optional<double>> step_ms;  // By step; absent where it was not measured.
  double latency_ms = 0;
};

// `steps` are those of the plan that was measured. Operators are found by their place, or where the
// measurement lacks some, by name and operator.
//
// INVALID_ARGUMENT  the measurement is not OK or has no latency
absl::StatusOr<LatencySample> MakeLatencySample(const std::string& network,
                                                std::vector<StepWork> steps,
                                                const v1::Measurement& measurement);

// On unseen networks, one sample of each.
struct PredictorError {
  int32_t networks = 0;
  // Mean of |predicted - measured| / measured; infinite below 2 networks.
  double mape = 0;
  // Whether it ranks networks as boards do: Kendall's tau-b, in [-1, 1]; 0 below 2 networks.
  double kendall_tau = 0;
  // `coverage` of unseen networks are off by at most this share (cross-conformal prediction, Vovk
  // 2015), as far as they are drawn as the measured ones were; evolution drifts, so a search fits
  // again each generation. Infinite where there are too few networks to say so.
  double band = 0;
};

struct LatencyPrediction {
  double latency_ms = 0;
  // The latency is expected within latency_ms +- band_ms; may be infinite.
  double band_ms = 0;
  bool confident = false;
  std::string doubt;  // Why it is not confident.
};

class LatencyPredictor {
 public:
  struct Options {
    int32_t min_networks = 20;  // Below, no prediction is confident.
    double coverage = 0.9;
    // Wider bands are not confident, nor are steps with more than so many times the largest
    // extent measured of their kind.
    double max_band = 0.1;
    double max_extrapolation = 1.5;
    int32_t folds = 10;
  };

  // FAILED_PRECONDITION  no samples
  // INVALID_ARGUMENT     a sample without latency or with another number of step times than steps
  static absl::StatusOr<LatencyPredictor> Fit(absl::Span<const LatencySample> samples,
                                              const Options& options);
  static absl::StatusOr<LatencyPredictor> Fit(absl::Span<const LatencySample> samples) {
    return Fit(samples, Options());
  }

  LatencyPrediction Predict(const std::vector<StepWork>& steps) const;
  const PredictorError& error() const { return error_; }

  static constexpr int kFeatures = 7;
  using Features = std::array<double, kFeatures>;

 private:
  LatencyPredictor() = default;

  struct LinearModel {
    Features coefficients = {};
    Features largest = {};  // Of each feature, in the samples.
    int64_t samples = 0;
  };
  struct Models {
    LinearModel whole;  // Of the sums over a network's steps.
    std::map<std::string, LinearModel> kinds;
    double beside_steps_ms = 0;  // What a network takes beside its steps.
    double scale = 1;            // What sums of steps are off by.
  };

  using Samples = std::vector<const LatencySample*>;
  static Models FitModels(const Samples& samples);
  static LinearModel FitLinear(const std::vector<std::pair<Features, double>>& rows);
  static double PredictMs(const Models& models, const std::vector<StepWork>& steps);
  static PredictorError CrossValidate(const Samples& samples, const Options& options);
  std::string Doubt(const std::vector<StepWork>& steps) const;

  Options options_;
  Models models_;
  PredictorError error_;
};

// Kendall's tau-b of two rankings of the same things; 0 where one of them is all ties.
double KendallTau(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace boardloop
