#include "core/space/space_optimization.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/plan/flash_use.h"
#include "core/space/range_checks.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxTotalSamples = 20'000'000;
constexpr int64_t kProgressInterval = 256;  // Samples between two calls of `progress`.
constexpr double kNormal95 = 1.959964;      // 97.5th percentile of the normal distribution.

struct Pair {
  double width_mult = 0;
  int32_t resolution = 0;
  uint64_t stream = 0;  // Index of the pair in the grid.
};

// What is known of one sample.
struct Sample {
  absl::Status status;
  int64_t macs = 0;
  int64_t flash_bytes = 0;
  // Not known when the flash is too small already: planning takes most of the time.
  std::optional<int64_t> sram_bytes;
  bool fits_sram = false;
};

// Needed over allowed, of flash and, where it is known, of SRAM; at most 1 when the sample fits.
double MissRatio(const Sample& sample, const SpaceLimits& limits) {
  double flash = static_cast<double>(sample.flash_bytes) / static_cast<double>(limits.flash_bytes);
  double sram =
      static_cast<double>(sample.sram_bytes.value_or(0)) / static_cast<double>(limits.sram_bytes);
  return std::max(flash, sram);
}

bool Fits(const Sample& sample, const SpaceLimits& limits) {
  return sample.fits_sram && sample.flash_bytes <= limits.flash_bytes;
}

class Optimizer {
 public:
  Optimizer(const Space& space, const SpaceLimits& limits, const SpaceOptimizationOptions& options)
      : space_(space), limits_(limits), options_(options) {
    options_.plan.sram_limit = limits.sram_bytes;
    total_ = int64_t{space.width_mults_size()} * space.resolutions_size() * options.samples;
  }

  absl::StatusOr<SpaceOptimizationResult> Run() {
    for (double width_mult : space_.width_mults()) {
      for (int32_t resolution : space_.resolutions()) {
        BL_RETURN_IF_ERROR(TryPair({width_mult, resolution, result_.spaces.size()}));
      }
    }
    Rank();
    if (options_.progress) options_.progress(total_, total_);
    return std::move(result_);
  }

 private:
  // Item i of every pair has a generator of its own, so that neither the number of threads nor the
  // number of samples changes what sample i is.
  Subnet Draw(const Pair& pair, int64_t i) const {
    Random random = Random::ForItem(options_.seed, (pair.stream << 32) | static_cast<uint64_t>(i));
    return SampleSubnet(space_, pair.width_mult, pair.resolution, random);
  }

  // Fills in `sample`; SRAM only when `plan_always` is set or the flash suffices.
  absl::Status Evaluate(const Subnet& subnet, bool plan_always, Sample* sample) const {
    BL_ASSIGN_OR_RETURN(Graph graph, BuildSubnet(space_, subnet));
    sample->macs = Measure(graph).macs;
    sample->flash_bytes = FlashAtMost(graph);
    if (!plan_always && sample->flash_bytes > limits_.flash_bytes) return absl::OkStatus();
    BL_ASSIGN_OR_RETURN(Plan plan, PlanGraph(graph, options_.plan));
    sample->flash_bytes = FlashAtMost(graph, plan);
    sample->sram_bytes = plan.peak_sram_bytes;
    sample->fits_sram = plan.meets_limit;
    return absl::OkStatus();
  }

  absl::Status TryPair(const Pair& pair) {
    std::vector<Sample> samples(static_cast<size_t>(options_.samples));
    ParallelFor(options_.samples, options_.threads, [&](int64_t i) {
      if (Cancelled()) return;
      samples[i].status = Evaluate(Draw(pair, i), /*plan_always=*/false, &samples[i]);
      CountDone();
    });
    BL_RETURN_IF_ERROR(CheckCancelled());
    BL_RETURN_IF_ERROR(FirstError(pair, samples));
    result_.spaces.push_back(Summarize(pair, samples));
    if (result_.spaces.back().survivors > 0) {
      anything_fits_ = true;
      result_.closest_miss.reset();
    }
    return anything_fits_ ? absl::OkStatus() : UpdateClosestMiss(pair, samples);
  }

  // From any thread; once true it stays so.
  bool Cancelled() {
    if (!cancelled_ && options_.cancelled && options_.cancelled()) cancelled_ = true;
    return cancelled_;
  }

  absl::Status CheckCancelled() const {
    if (!cancelled_) return absl::OkStatus();
    return absl::CancelledError("space optimization was given up");
  }

  void CountDone() {
    int64_t done = ++done_;
    if (options_.progress && done % kProgressInterval == 0) options_.progress(done, total_);
  }

  absl::Status FirstError(const Pair& pair, const std::vector<Sample>& samples) const {
    for (size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].status.ok()) continue;
      return Annotate(samples[i].status, CanonicalText(Draw(pair, static_cast<int64_t>(i))));
    }
    return absl::OkStatus();
  }

  SpaceStatistics Summarize(const Pair& pair, const std::vector<Sample>& samples) const {
    SpaceStatistics s;
    s.width_mult = pair.width_mult;
    s.resolution = pair.resolution;
    s.sampled = options_.samples;
    for (const Sample& sample : samples) {
      if (Fits(sample, limits_)) s.macs.push_back(sample.macs);
    }
    std::sort(s.macs.begin(), s.macs.end());
    s.survivors = static_cast<int32_t>(s.macs.size());
    s.survival_rate = static_cast<double>(s.survivors) / s.sampled;
    if (s.survivors == 0) return s;
    s.mean_macs = std::accumulate(s.macs.begin(), s.macs.end(), 0.0) / s.survivors;
    if (s.survivors == 1) return s;
    double squares = 0;
    for (int64_t macs : s.macs) squares += std::pow(static_cast<double>(macs) - s.mean_macs, 2);
    s.mean_macs_ci95 = kNormal95 * std::sqrt(squares / (s.survivors - 1) / s.survivors);
    return s;
  }

  // Looks for a sample of this pair that misses by less than all before it. Ties go to the first,
  // and which samples are planned depends on earlier pairs only: the same for any thread count.
  absl::Status UpdateClosestMiss(const Pair& pair, std::vector<Sample>& samples) {
    ParallelFor(options_.samples, options_.threads, [&](int64_t i) {
      if (Cancelled()) return;
      Sample& sample = samples[i];
      if (sample.sram_bytes || MissRatio(sample, limits_) >= closest_ratio_) return;
      sample.status = Evaluate(Draw(pair, i), /*plan_always=*/true, &sample);
    });
    BL_RETURN_IF_ERROR(CheckCancelled());
    BL_RETURN_IF_ERROR(FirstError(pair, samples));
    for (size_t i = 0; i < samples.size(); ++i) {
      double ratio = MissRatio(samples[i], limits_);
      if (!samples[i].sram_bytes || ratio >= closest_ratio_) continue;
      closest_ratio_ = ratio;
      result_.closest_miss = ClosestMiss{Draw(pair, static_cast<int64_t>(i)),
                                         *samples[i].sram_bytes, samples[i].flash_bytes};
    }
    return absl::OkStatus();
  }

  // By mean MACs, descending; equal means keep the order of the grid.
  void Rank() {
    std::vector<SpaceStatistics*> ranked;
    for (SpaceStatistics& s : result_.spaces) {
      if (s.survivors > 0 && s.survival_rate >= options_.min_survival_rate) ranked.push_back(&s);
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const SpaceStatistics* a, const SpaceStatistics* b) {
                       return a->mean_macs > b->mean_macs;
                     });
    int32_t rank = 0;
    for (SpaceStatistics* s : ranked) s->rank = ++rank;
  }

  const Space& space_;
  const SpaceLimits limits_;
  SpaceOptimizationOptions options_;
  int64_t total_ = 0;
  std::atomic<int64_t> done_{0};
  std::atomic<bool> cancelled_{false};
  bool anything_fits_ = false;
  double closest_ratio_ = std::numeric_limits<double>::infinity();
  SpaceOptimizationResult result_;
};

absl::Status CheckArguments(const Space& space, const SpaceLimits& limits,
                            const SpaceOptimizationOptions& options) {
  constexpr int64_t kMaxBytes = std::numeric_limits<int64_t>::max();
  BL_RETURN_IF_ERROR(Annotate(ValidateSpace(space), "space"));
  BL_RETURN_IF_ERROR(CheckRange("SRAM limit in bytes", limits.sram_bytes, 1, kMaxBytes));
  BL_RETURN_IF_ERROR(CheckRange("flash limit in bytes", limits.flash_bytes, 1, kMaxBytes));
  BL_RETURN_IF_ERROR(CheckRange("samples", options.samples, 1, 1'000'000));
  BL_RETURN_IF_ERROR(CheckRange("threads", options.threads, 1, 1024));
  if (!(options.min_survival_rate >= 0 && options.min_survival_rate <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "minimum survival rate is %g, must be in [0, 1]", options.min_survival_rate));
  }
  int64_t pairs = int64_t{space.width_mults_size()} * space.resolutions_size();
  if (pairs * options.samples > kMaxTotalSamples) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d pairs with %d samples each are %d samples, at most %d are drawn", pairs,
                        options.samples, pairs * options.samples, kMaxTotalSamples));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SpaceOptimizationResult> OptimizeSpace(const Space& space, const SpaceLimits& limits,
                                                      const SpaceOptimizationOptions& options) {
  BL_RETURN_IF_ERROR(CheckArguments(space, limits, options));
  return Optimizer(space, limits, options).Run();
}

}  // namespace boardloop
