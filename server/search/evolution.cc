#include "server/search/evolution.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/random.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// Keeps the generators of evolution apart from those of space optimization, which has the same
// seed.
constexpr uint64_t kEvolutionStream = 0x65766f6c7574696f;  // "evolutio"

// Needed over allowed, the larger of SRAM and flash. A limit of 0 is none.
double NeededOverAllowed(const NetworkFacts& facts, const v1::Limits& limits) {
  const auto ratio = [](int64_t needed, int64_t allowed) {
    return allowed > 0 ? static_cast<double>(needed) / static_cast<double>(allowed) : 0.0;
  };
  return std::max(ratio(facts.sram_bytes, limits.sram_bytes()),
                  ratio(facts.flash_bytes, limits.flash_bytes()));
}

std::string LimitText(int64_t bytes) { return bytes > 0 ? absl::StrCat(bytes, " B") : "any"; }

// Collects the children of one generation.
class Brood {
 public:
  Brood(const EvolutionProblem& problem, int32_t generation)
      : problem_(problem),
        random_(
            Random::ForItem(problem.seed ^ kEvolutionStream, static_cast<uint64_t>(generation))),
        subnets_(CountSubnets(problem.networks.space())) {}

  Random& random() { return random_; }
  bool exhausted() const { return static_cast<double>(known_.size()) >= subnets_; }
  size_t size() const { return generation_.children.size(); }

  void MarkKnown(const Subnet& subnet) { known_.insert(CanonicalText(subnet)); }

  // Takes what `draw` gives until there are `wanted` children in all, the tries are used up or the
  // space is.
  template <typename Draw>
  absl::Status Fill(size_t wanted, Draw&& draw) {
    const int64_t missing = static_cast<int64_t>(wanted) - static_cast<int64_t>(size());
    int64_t tries = missing * problem_.tries_per_child;
    for (; tries > 0 && size() < wanted && !exhausted(); --tries) {
      BL_RETURN_IF_ERROR(Offer(draw()));
    }
    return absl::OkStatus();
  }

  Generation Finish(size_t wanted) && {
    generation_.exhausted = exhausted();
    if (size() < wanted) {
      generation_.shortfall = absl::StrFormat(
          "%d of %d children: %d draws were repeats, %d networks do not fit%s", size(), wanted,
          repeats_, misfits_,
          generation_.exhausted ? "; every network of the space has been looked at" : "");
    }
    return std::move(generation_);
  }

  // Needs a network that did not fit.
  absl::Status NothingFits() const {
    if (!closest_.has_value()) return absl::ResourceExhaustedError("no network was drawn");
    const NetworkFacts& facts = closest_->facts;
    const v1::Limits& limits = problem_.limits;
    const bool in_pieces = !facts.fits_sram && NeededOverAllowed(facts, limits) <= 1;
    return absl::ResourceExhaustedError(absl::StrFormat(
        "none of %d networks fits: %s of SRAM and %s of flash are allowed; the closest, \"%s\", "
        "needs %d B of SRAM and %d B of flash%s",
        misfits_, LimitText(limits.sram_bytes()), LimitText(limits.flash_bytes()),
        CanonicalText(closest_->subnet), facts.sram_bytes, facts.flash_bytes,
        in_pieces ? ", and cannot be spread over the pieces of the board's SRAM" : ""));
  }

 private:
  absl::Status Offer(Child child) {
    const std::string text = CanonicalText(child.subnet);
    if (!known_.insert(text).second) {
      ++repeats_;
      return absl::OkStatus();
    }
    absl::StatusOr<NetworkFacts> facts = problem_.facts(child.subnet);
    if (!facts.ok()) return Annotate(facts.status(), text);
    child.facts = *std::move(facts);
    const double ratio = NeededOverAllowed(child.facts, problem_.limits);
    if (child.facts.fits_sram && ratio <= 1) {
      generation_.children.push_back(std::move(child));
      return absl::OkStatus();
    }
    ++misfits_;
    if (ratio < closest_ratio_) {
      closest_ratio_ = ratio;
      closest_ = std::move(child);
    }
    return absl::OkStatus();
  }

  const EvolutionProblem& problem_;
  Random random_;
  const double subnets_;
  // Canonical texts of all that was ever looked at, children included.
  std::unordered_set<std::string> known_;
  Generation generation_;
  int64_t repeats_ = 0, misfits_ = 0;
  std::optional<Child> closest_;
  double closest_ratio_ = std::numeric_limits<double>::infinity();
};

Child Sampled(const v1::SupernetSpec& networks, Random& random) {
  Child child;
  child.subnet =
      SampleSubnet(networks.space(), networks.width_mult(), networks.resolution(), random);
  if (networks.classes() > 0) child.subnet.classes = networks.classes();
  if (networks.input_channels() > 0) child.subnet.input_channels = networks.input_channels();
  child.origin = v1::Candidate::SAMPLED;
  return child;
}

Child Mutated(const EvolutionProblem& problem, const std::vector<Individual>& parents,
              Random& random) {
  const Individual& parent = parents[random.Below(parents.size())];
  Child child;
  child.subnet = MutateSubnet(problem.networks.space(), parent.subnet,
                              problem.evolution.mutation_rate(), random);
  child.origin = v1::Candidate::MUTATED;
  child.parents = {parent.number};
  return child;
}

// Of two different parents; there are at least two.
Child Crossed(const std::vector<Individual>& parents, Random& random) {
  const uint64_t first = random.Below(parents.size());
  uint64_t second = random.Below(parents.size() - 1);
  if (second >= first) ++second;
  Child child;
  child.subnet = CrossSubnets(parents[first].subnet, parents[second].subnet, random);
  child.origin = v1::Candidate::CROSSED;
  child.parents = {parents[first].number, parents[second].number};
  return child;
}

}  // namespace

FactsFunction PlannedFacts(const v1::SupernetSpec& networks, const PlanOptions& options) {
  return [space = networks.space(), options](const Subnet& subnet) -> absl::StatusOr<NetworkFacts> {
    BL_ASSIGN_OR_RETURN(PlannedNetwork network, PlanSubnet(space, subnet, options));
    return std::move(network.facts);
  };
}

double CountSubnets(const Space& space) {
  double count = 1;
  for (const v1::Stage& stage : space.stages()) {
    const double genes = 1.0 * stage.kernel_sizes_size() * stage.expand_ratios_size();
    double choices = 0;
    for (const int32_t depth : stage.depths()) {
      double of_depth = 1;
      for (int32_t block = 0; block < depth; ++block) of_depth *= genes;
      choices += of_depth;
    }
    count *= choices;
  }
  return count;
}

absl::StatusOr<Generation> FirstGeneration(const EvolutionProblem& problem) {
  Brood brood(problem, 0);
  const auto wanted = static_cast<size_t>(problem.evolution.population());
  BL_RETURN_IF_ERROR(brood.Fill(wanted, [&] { return Sampled(problem.networks, brood.random()); }));
  if (brood.size() == 0) return brood.NothingFits();
  return std::move(brood).Finish(wanted);
}

absl::StatusOr<Generation> NextGeneration(const EvolutionProblem& problem, int32_t generation,
                                          absl::Span<const Individual> individuals) {
  if (individuals.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("generation %d has no individuals to descend from", generation));
  }
  Brood brood(problem, generation);
  for (const Individual& individual : individuals) brood.MarkKnown(individual.subnet);
  const std::vector<Individual> parents =
      SelectBest(problem.objective, individuals, static_cast<size_t>(problem.evolution.parents()));
  const auto crossovers = static_cast<size_t>(problem.evolution.crossovers());
  const size_t wanted = crossovers + static_cast<size_t>(problem.evolution.mutations());
  if (parents.size() >= 2) {
    BL_RETURN_IF_ERROR(brood.Fill(crossovers, [&] { return Crossed(parents, brood.random()); }));
  }
  BL_RETURN_IF_ERROR(brood.Fill(wanted, [&] { return Mutated(problem, parents, brood.random()); }));
  return std::move(brood).Finish(wanted);
}

}  // namespace boardloop
