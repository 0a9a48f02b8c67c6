#include "server/search/limit_shares.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/plan/network_facts.h"
#include "core/plan/step_work.h"
#include "core/space/subnet.h"

namespace boardloop {
namespace {

constexpr size_t kQuantiles = 20;

struct Drawn {
  absl::Status status;
  NetworkFacts facts;
  double latency_ms = 0;  // As predicted; 0 without a predictor.
};

struct Setting {
  const Space& space;
  const SpacePair pair;
  const uint64_t seed;
  const PlanOptions plan;
  const LatencyPredictor* const predictor;
};

absl::Status Look(const Setting& setting, const Subnet& subnet, Drawn& drawn) {
  BL_ASSIGN_OR_RETURN(const PlannedNetwork planned,
                      PlanSubnet(setting.space, subnet, setting.plan));
  drawn.facts = planned.facts;
  if (setting.predictor == nullptr) return absl::OkStatus();
  drawn.latency_ms =
      setting.predictor->Predict(WorkOfSteps(planned.graph, planned.plan)).latency_ms;
  return absl::OkStatus();
}

absl::Status Draw(const Setting& setting, int64_t item, Drawn& drawn) {
  Random random = Random::ForItem(setting.seed, static_cast<uint64_t>(item));
  return Look(setting,
              SampleSubnet(setting.space, setting.pair.width_mult, setting.pair.resolution, random),
              drawn);
}

// Which limits a network is over; latency as predicted.
struct Refused {
  bool sram = false, flash = false, latency = false;
  bool any() const { return sram || flash || latency; }
};

Refused RefusedBy(const v1::Limits& limits, const Drawn& drawn) {
  Refused refused;
  refused.sram = !drawn.facts.fits_sram;
  refused.flash = drawn.facts.flash_bytes > limits.flash_bytes();
  refused.latency = limits.latency_ms() > 0 && drawn.latency_ms > limits.latency_ms();
  return refused;
}

template <typename Value, typename ValueOf>
void AddQuantiles(const std::vector<Drawn>& networks, ValueOf value_of,
                  google::protobuf::RepeatedField<Value>* quantiles) {
  std::vector<Value> values;
  for (const Drawn& drawn : networks) values.push_back(value_of(drawn));
  std::sort(values.begin(), values.end());
  for (size_t i = 0; i <= kQuantiles; ++i) {
    quantiles->Add(values[i * (values.size() - 1) / kQuantiles]);
  }
}

void AddLatency(const std::vector<Drawn>& networks, const LatencyPredictor& predictor,
                v1::LimitShares& shares) {
  AddQuantiles(
      networks, [](const Drawn& drawn) { return drawn.latency_ms; },
      shares.mutable_latency_ms_quantiles());
  const PredictorError& error = predictor.error();
  shares.set_measured_networks(error.networks);
  if (std::isfinite(error.mape)) shares.set_latency_error(error.mape);
}

void CountRefused(const std::vector<Drawn>& networks, const v1::Limits& limits, bool predicted,
                  v1::LimitShares& shares) {
  int32_t sram = 0, flash = 0, latency = 0, any = 0;
  for (const Drawn& drawn : networks) {
    const Refused refused = RefusedBy(limits, drawn);
    sram += refused.sram ? 1 : 0;
    flash += refused.flash ? 1 : 0;
    latency += refused.latency ? 1 : 0;
    any += refused.any() ? 1 : 0;
  }
  shares.set_over_sram(sram);
  shares.set_over_flash(flash);
  if (predicted) shares.set_over_latency(latency);
  shares.set_over_any(any);
}

}  // namespace

absl::StatusOr<v1::LimitShares> CountLimitShares(const SearchContext& context,
                                                 const v1::Search& search, const Space& space,
                                                 SpacePair pair, const BoardType& type,
                                                 const LatencyPredictor* predictor) {
  const Setting setting{space, pair, search.spec().seed(),
                        PlanOptionsOf(search.spec(), search.limits(), type), predictor};
  std::vector<Drawn> networks(
      static_cast<size_t>(std::max(search.spec().space_optimization().samples(), 1)));
  std::atomic<bool> cancelled{false};
  ParallelFor(static_cast<int64_t>(networks.size()), context.threads, [&](int64_t i) {
    if (cancelled) return;
    if (context.cancelled && context.cancelled()) {
      cancelled = true;
      return;
    }
    Drawn& drawn = networks[static_cast<size_t>(i)];
    drawn.status = Draw(setting, i, drawn);
  });
  if (cancelled) return absl::CancelledError("counting what the limits refuse was given up");
  for (const Drawn& drawn : networks) BL_RETURN_IF_ERROR(drawn.status);

  v1::LimitShares shares;
  shares.set_width_mult(pair.width_mult);
  shares.set_resolution(pair.resolution);
  shares.set_sampled(static_cast<int32_t>(networks.size()));
  AddQuantiles(
      networks, [](const Drawn& drawn) { return drawn.facts.sram_bytes; },
      shares.mutable_sram_bytes_quantiles());
  AddQuantiles(
      networks, [](const Drawn& drawn) { return drawn.facts.flash_bytes; },
      shares.mutable_flash_bytes_quantiles());
  if (predictor != nullptr) AddLatency(networks, *predictor, shares);
  CountRefused(networks, search.limits(), predictor != nullptr, shares);
  return shares;
}

absl::StatusOr<std::string> WhyNoneMeets(const v1::Search& search, const Space& space,
                                         SpacePair pair, const BoardType& type,
                                         const LatencyPredictor* predictor,
                                         const v1::LimitShares& shares) {
  if (shares.over_any() < shares.sampled()) return "";
  const v1::Limits& limits = search.limits();
  const Setting setting{space, pair, search.spec().seed(),
                        PlanOptionsOf(search.spec(), limits, type), predictor};
  Drawn smallest;
  BL_RETURN_IF_ERROR(
      Look(setting, SmallestSubnet(space, pair.width_mult, pair.resolution), smallest));
  if (!RefusedBy(limits, smallest).any()) return "";
  std::string why = absl::StrFormat(
      "none of %d random networks of width %g at resolution %d meets the limits, nor does the "
      "smallest of all: it needs %d B of SRAM (limit %d) and %d B of flash (limit %d)",
      shares.sampled(), pair.width_mult, pair.resolution, smallest.facts.sram_bytes,
      limits.sram_bytes(), smallest.facts.flash_bytes, limits.flash_bytes());
  if (predictor != nullptr && limits.latency_ms() > 0) {
    absl::StrAppendFormat(&why, ", and takes %.4g ms as predicted (limit %g)", smallest.latency_ms,
                          limits.latency_ms());
  }
  return why;
}

}  // namespace boardloop
