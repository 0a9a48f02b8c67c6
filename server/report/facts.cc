#include "server/report/facts.h"

#include <algorithm>
#include <cmath>

namespace boardloop::report {
namespace {

using Bytes = std::optional<int64_t>;

std::optional<double> Finite(bool known, double value) {
  return known && std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

Bytes Sum(const Bytes& a, const Bytes& b) { return a && b ? Bytes(*a + *b) : std::nullopt; }

bool IsGood(const std::optional<v1::Measurement>& measurement) {
  return measurement && measurement->outcome() == v1::Measurement::OK;
}

bool IsComparable(const v1::Candidate& candidate) {
  return candidate.state() == v1::Candidate::FEASIBLE && KnownTop1(candidate) &&
         MeasuredLatency(candidate);
}

// `a` is no worse than `b` in anything. Equal ones dominate each other and are both kept.
bool IsAsGood(const v1::Candidate& a, const v1::Candidate& b) {
  return a.top1() >= b.top1() && a.latency_ms() <= b.latency_ms() &&
         a.planned_sram_bytes() <= b.planned_sram_bytes();
}

bool Dominates(const v1::Candidate& a, const v1::Candidate& b) {
  return IsAsGood(a, b) && !IsAsGood(b, a);
}

const v1::Candidate* FindWinner(const SearchReport& report) {
  if (report.search.winner().empty()) return nullptr;
  for (const v1::Candidate& candidate : report.candidates) {
    if (candidate.name() == report.search.winner()) return &candidate;
  }
  return nullptr;
}

const v1::SpaceResult* FindSpace(const v1::Search& search) {
  for (const v1::SpaceResult& space : search.spaces()) {
    if (space.width_mult() == search.width_mult() && space.resolution() == search.resolution()) {
      return &space;
    }
  }
  return nullptr;
}

const v1::Measurement* FindMeasurement(const SearchReport& report, const v1::Candidate* winner) {
  if (IsGood(report.image)) return &*report.image;
  if (IsGood(report.resident)) return &*report.resident;
  if (winner != nullptr && winner->has_measurement() &&
      winner->measurement().outcome() == v1::Measurement::OK) {
    return &winner->measurement();
  }
  return nullptr;
}

MemoryFacts FindMemory(const SearchReport& report, const v1::Measurement* measurement) {
  MemoryFacts memory;
  if (report.network) {
    memory.arena = report.network->plan.arena_bytes;
    memory.scratch = report.network->plan.scratch_bytes;
  }
  if (measurement == nullptr) return memory;
  if (measurement->has_arena_bytes()) memory.arena = measurement->arena_bytes();
  if (measurement->has_scratch_bytes()) memory.scratch = measurement->scratch_bytes();
  if (measurement->has_data_bytes()) memory.data = measurement->data_bytes();
  if (measurement->has_stack_bytes()) memory.stack = measurement->stack_bytes();
  if (measurement->has_weights_bytes()) memory.weights = measurement->weights_bytes();
  if (measurement->has_constants_bytes()) memory.constants = measurement->constants_bytes();
  if (measurement->has_code_bytes()) memory.code = measurement->code_bytes();
  return memory;
}

std::optional<double> ResidentLatency(const SearchReport& report, const v1::Candidate* winner) {
  if (IsGood(report.resident) && report.resident->has_latency_ms()) {
    return Finite(true, report.resident->latency_ms());
  }
  return winner != nullptr ? MeasuredLatency(*winner) : std::nullopt;
}

std::optional<double> BoardTop1(const SearchReport& report) {
  if (!IsGood(report.image) || !report.image->has_correct() || report.image->samples() <= 0) {
    return std::nullopt;
  }
  return static_cast<double>(report.image->correct()) / report.image->samples();
}

std::string TimingModel(const SearchReport& report, const v1::Measurement& measurement) {
  if (measurement.timing() != v1::Measurement::MODELLED) return "";
  const auto found = measurement.provenance().find("timing_model");
  if (found != measurement.provenance().end()) return found->second;
  return report.board.support ? report.board.support->timing.model : "";
}

void Count(const v1::Candidate& candidate, Facts* facts) {
  if (candidate.has_latency_ms()) ++facts->measured;
  if (candidate.has_top1()) ++facts->scored;
  if (candidate.from_cache()) ++facts->cached;
  if (candidate.state() == v1::Candidate::FEASIBLE) ++facts->feasible;
  if (candidate.state() == v1::Candidate::INFEASIBLE) ++facts->infeasible;
  if (candidate.state() == v1::Candidate::FAILED) ++facts->failed;
}

}  // namespace

Bytes MemoryFacts::SramNetwork() const { return Sum(arena, scratch); }
Bytes MemoryFacts::SramTotal() const { return Sum(SramNetwork(), Sum(data, stack)); }
Bytes MemoryFacts::FlashNetwork() const { return Sum(weights, constants); }
Bytes MemoryFacts::FlashTotal() const { return Sum(FlashNetwork(), code); }

Facts GatherFacts(const SearchReport& report) {
  Facts facts;
  facts.winner = FindWinner(report);
  facts.measurement = FindMeasurement(report, facts.winner);
  facts.space = FindSpace(report.search);
  facts.front = ParetoFront(report.candidates);
  facts.memory = FindMemory(report, facts.measurement);
  facts.resident_latency_ms = ResidentLatency(report, facts.winner);
  facts.board_top1 = BoardTop1(report);
  if (facts.measurement != nullptr) {
    facts.latency_ms = Finite(facts.measurement->has_latency_ms(), facts.measurement->latency_ms());
    if (facts.measurement->timing() != v1::Measurement::TIMING_UNSPECIFIED) {
      facts.timing = v1::Measurement::Timing_Name(facts.measurement->timing());
    }
    facts.timing_model = TimingModel(report, *facts.measurement);
  }
  for (const v1::Candidate& candidate : report.candidates) Count(candidate, &facts);
  return facts;
}

std::vector<const v1::Candidate*> ParetoFront(const std::vector<v1::Candidate>& candidates) {
  std::vector<const v1::Candidate*> sorted;
  for (const v1::Candidate& candidate : candidates) {
    if (IsComparable(candidate)) sorted.push_back(&candidate);
  }
  // Nothing is dominated by what stands behind it, so that each need be compared with the front only.
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const v1::Candidate* a, const v1::Candidate* b) {
                     if (a->top1() != b->top1()) return a->top1() > b->top1();
                     if (a->latency_ms() != b->latency_ms())
                       return a->latency_ms() < b->latency_ms();
                     return a->planned_sram_bytes() < b->planned_sram_bytes();
                   });
  std::vector<const v1::Candidate*> front;
  for (const v1::Candidate* candidate : sorted) {
    const bool dominated = std::any_of(front.begin(), front.end(), [&](const v1::Candidate* other) {
      return Dominates(*other, *candidate);
    });
    if (!dominated) front.push_back(candidate);
  }
  return front;
}

std::optional<double> KnownTop1(const v1::Candidate& candidate) {
  return Finite(candidate.has_top1(), candidate.top1());
}

std::optional<double> MeasuredLatency(const v1::Candidate& candidate) {
  return Finite(candidate.has_latency_ms(), candidate.latency_ms());
}

std::optional<double> KnownLatency(const v1::Candidate& candidate) {
  if (const std::optional<double> measured = MeasuredLatency(candidate)) return measured;
  return Finite(candidate.has_predicted_latency_ms(), candidate.predicted_latency_ms());
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('/') + 1); }

}  // namespace boardloop::report
