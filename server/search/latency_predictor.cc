#include "server/search/latency_predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/search/nonnegative_least_squares.h"

namespace boardloop {
namespace {

using Features = LatencyPredictor::Features;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A kind of step is known from so many networks on.
constexpr int64_t kMinSamplesOfKind = 3;

Features FeaturesOf(const StepWork& work) {
  return {static_cast<double>(work.macs),   static_cast<double>(work.outputs),
          static_cast<double>(work.inputs), static_cast<double>(work.pixels),
          static_cast<double>(work.rows),   static_cast<double>(work.channels),
          static_cast<double>(work.calls)};
}

Features SumOfFeatures(const std::vector<StepWork>& steps) {
  Features sum = {};
  for (const StepWork& step : steps) {
    const Features features = FeaturesOf(step);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += features[i];
  }
  return sum;
}

double Dot(const Features& a, const Features& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The measured operator of each step, or -1.
std::vector<int> FindOperators(const std::vector<StepWork>& steps,
                               const v1::Measurement& measurement) {
  const int count = measurement.operators_size();
  std::vector<int> places(steps.size(), -1);
  bool in_place = count == static_cast<int>(steps.size());
  for (int i = 0; in_place && i < count; ++i) {
    in_place = measurement.operators(i).operator_() == steps[i].op;
    places[i] = i;
  }
  if (in_place) return places;
  std::multimap<std::pair<std::string, std::string>, int> by_name;
  for (int i = 0; i < count; ++i) {
    const v1::OperatorMeasurement& measured = measurement.operators(i);
    by_name.insert({{measured.name(), measured.operator_()}, i});
  }
  for (size_t s = 0; s < steps.size(); ++s) {
    const auto found = by_name.find({steps[s].name, steps[s].op});
    places[s] = found == by_name.end() ? -1 : found->second;
    if (found != by_name.end()) by_name.erase(found);
  }
  return places;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Absent where a step was not measured.
std::optional<double> SumOfSteps(const LatencySample& sample) {
  double sum = 0;
  for (const std::optional<double>& ms : sample.step_ms) {
    if (!ms.has_value()) return std::nullopt;
    sum += *ms;
  }
  return sum;
}

absl::Status CheckSample(const LatencySample& sample) {
  if (!(sample.latency_ms > 0) || !std::isfinite(sample.latency_ms)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the latency of network %s is %g ms", sample.network, sample.latency_ms));
  }
  if (sample.steps.size() != sample.step_ms.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("network %s has %d steps and times for %d",
                                                      sample.network, sample.steps.size(),
                                                      sample.step_ms.size()));
  }
  return absl::OkStatus();
}

// So that sums do not depend on the order in which samples came.
bool ComesBefore(const LatencySample* a, const LatencySample* b) {
  return std::make_tuple(a->network, a->latency_ms, a->step_ms, SumOfFeatures(a->steps)) <
         std::make_tuple(b->network, b->latency_ms, b->step_ms, SumOfFeatures(b->steps));
}

}  // namespace

absl::StatusOr<LatencySample> MakeLatencySample(const std::string& network,
                                                std::vector<StepWork> steps,
                                                const v1::Measurement& measurement) {
  if (measurement.outcome() != v1::Measurement::OK) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the measurement of network %s is %s", network,
                        v1::Measurement::Outcome_Name(measurement.outcome())));
  }
  if (!measurement.has_latency_ms()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the measurement of network %s has no latency", network));
  }
  LatencySample sample;
  sample.network = network;
  sample.latency_ms = measurement.latency_ms();
  const std::vector<int> places = FindOperators(steps, measurement);
  for (const int place : places) {
    sample.step_ms.emplace_back();
    if (place < 0 || measurement.clock_hz() <= 0) continue;
    sample.step_ms.back() = static_cast<double>(measurement.operators(place).cycles()) * 1e3 /
                            static_cast<double>(measurement.clock_hz());
  }
  sample.steps = std::move(steps);
  BL_RETURN_IF_ERROR(CheckSample(sample));
  return sample;
}

// ---- Fitting.

LatencyPredictor::LinearModel LatencyPredictor::FitLinear(
    const std::vector<std::pair<Features, double>>& rows) {
  // Times vary in proportion to their square roots, between a constant and a constant share.
  constexpr double kLeastMs = 1e-4;  // A step of no work must not outweigh all others.
  LinearModel model;
  model.samples = static_cast<int64_t>(rows.size());
  std::vector<LeastSquaresRow> equations;
  for (const auto& row : rows) {
    const Features& features = row.first;
    for (size_t i = 0; i < features.size(); ++i) {
      model.largest[i] = std::max(model.largest[i], features[i]);
    }
    equations.push_back(
        {{features.begin(), features.end()}, row.second, 1 / std::max(row.second, kLeastMs)});
  }
  const std::vector<double> coefficients = FitNonnegative(equations);
  std::copy(coefficients.begin(), coefficients.end(), model.coefficients.begin());
  return model;
}

LatencyPredictor::Models LatencyPredictor::FitModels(const Samples& samples) {
  using Rows = std::vector<std::pair<Features, double>>;
  Rows whole;
  std::map<std::string, Rows> by_kind;
  std::vector<double> beside;
  for (const LatencySample* sample : samples) {
    whole.emplace_back(SumOfFeatures(sample->steps), sample->latency_ms);
    for (size_t s = 0; s < sample->steps.size(); ++s) {
      if (!sample->step_ms[s].has_value()) continue;
      by_kind[sample->steps[s].kind].emplace_back(FeaturesOf(sample->steps[s]),
                                                  *sample->step_ms[s]);
    }
    const std::optional<double> sum = SumOfSteps(*sample);
    if (sum.has_value()) beside.push_back(std::max(0.0, sample->latency_ms - *sum));
  }
  Models models;
  models.whole = FitLinear(whole);
  for (const auto& kind : by_kind) models.kinds[kind.first] = FitLinear(kind.second);
  models.beside_steps_ms = Median(std::move(beside));
  std::vector<double> ratios;
  for (const LatencySample* sample : samples) {
    const double predicted = PredictMs(models, sample->steps);
    if (predicted > 0) ratios.push_back(sample->latency_ms / predicted);
  }
  if (!ratios.empty()) models.scale = Median(std::move(ratios));
  return models;
}

double LatencyPredictor::PredictMs(const Models& models, const std::vector<StepWork>& steps) {
  double sum = models.beside_steps_ms;
  for (const StepWork& step : steps) {
    const auto kind = models.kinds.find(step.kind);
    const LinearModel& model = kind == models.kinds.end() ? models.whole : kind->second;
    sum += Dot(model.coefficients, FeaturesOf(step));
  }
  return sum * models.scale;
}

PredictorError LatencyPredictor::CrossValidate(const Samples& samples, const Options& options) {
  // By network, the number of its fold.
  std::map<std::string, int32_t> folds;
  for (const LatencySample* sample : samples) {
    folds.emplace(sample->network, static_cast<int32_t>(folds.size()) % options.folds);
  }
  PredictorError error;
  error.networks = static_cast<int32_t>(folds.size());
  error.mape = error.band = kInfinity;
  if (error.networks < 2) return error;
  std::vector<double> measured, predicted, shares;
  std::set<std::string> seen;
  for (int32_t fold = 0; fold < std::min(options.folds, error.networks); ++fold) {
    Samples train, held_out;
    for (const LatencySample* sample : samples) {
      (folds[sample->network] == fold ? held_out : train).push_back(sample);
    }
    const Models models = FitModels(train);
    for (const LatencySample* sample : held_out) {
      if (!seen.insert(sample->network).second) continue;
      measured.push_back(sample->latency_ms);
      predicted.push_back(PredictMs(models, sample->steps));
      shares.push_back(std::abs(predicted.back() - measured.back()) / measured.back());
    }
  }
  error.mape = 0;
  for (const double share : shares) error.mape += share / static_cast<double>(shares.size());
  error.kendall_tau = KendallTau(predicted, measured);
  std::sort(shares.begin(), shares.end());
  const auto place =
      static_cast<size_t>(std::ceil(static_cast<double>(shares.size() + 1) * options.coverage));
  if (place >= 1 && place <= shares.size()) error.band = shares[place - 1];
  return error;
}

absl::StatusOr<LatencyPredictor> LatencyPredictor::Fit(absl::Span<const LatencySample> samples,
                                                       const Options& options) {
  if (samples.empty()) return absl::FailedPreconditionError("there are no measured networks yet");
  Samples sorted;
  for (const LatencySample& sample : samples) {
    BL_RETURN_IF_ERROR(CheckSample(sample));
    sorted.push_back(&sample);
  }
  std::sort(sorted.begin(), sorted.end(), ComesBefore);
  LatencyPredictor predictor;
  predictor.options_ = options;
  predictor.models_ = FitModels(sorted);
  predictor.error_ = CrossValidate(sorted, options);
  return predictor;
}

// ---- Predicting.

std::string LatencyPredictor::Doubt(const std::vector<StepWork>& steps) const {
  if (error_.networks < options_.min_networks) {
    return absl::StrFormat("%d networks were measured, %d are needed", error_.networks,
                           options_.min_networks);
  }
  if (!(error_.band <= options_.max_band)) {
    return absl::StrFormat("%.0f %% of networks are within %.1f %%, %.1f %% is needed",
                           100 * options_.coverage, 100 * error_.band, 100 * options_.max_band);
  }
  for (const StepWork& step : steps) {
    const auto kind = models_.kinds.find(step.kind);
    if (kind == models_.kinds.end() || kind->second.samples < kMinSamplesOfKind) {
      return absl::StrFormat("steps of the kind \"%s\" were hardly measured", step.kind);
    }
    const Features features = FeaturesOf(step);
    for (size_t i = 0; i < features.size(); ++i) {
      if (features[i] <= options_.max_extrapolation * kind->second.largest[i]) continue;
      return absl::StrFormat("step \"%s\" (%s) is larger than any measured", step.name, step.kind);
    }
  }
  return "";
}

LatencyPrediction LatencyPredictor::Predict(const std::vector<StepWork>& steps) const {
  LatencyPrediction prediction;
  prediction.latency_ms = PredictMs(models_, steps);
  prediction.band_ms = std::isfinite(error_.band) ? error_.band * prediction.latency_ms : kInfinity;
  prediction.doubt = Doubt(steps);
  prediction.confident = prediction.doubt.empty();
  return prediction;
}

double KendallTau(const std::vector<double>& a, const std::vector<double>& b) {
  int64_t agree = 0, disagree = 0, untied_a = 0, untied_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const int in_a = (a[i] > a[j]) - (a[i] < a[j]);
      const int in_b = (b[i] > b[j]) - (b[i] < b[j]);
      if (in_a != 0) ++untied_a;
      if (in_b != 0) ++untied_b;
      if (in_a * in_b > 0) ++agree;
      if (in_a * in_b < 0) ++disagree;
    }
  }
  if (untied_a == 0 || untied_b == 0) return 0;
  return static_cast<double>(agree - disagree) /
         std::sqrt(static_cast<double>(untied_a) * static_cast<double>(untied_b));
}

}  // namespace boardloop
