// Top-1 of subnets with the weights of a super-network, on two parts of the validation split: one that a search may see,
// and one that it may not. Each subnet is scored once on each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "boardloop/v1/training.pb.h"
#include "core/space/subnet.h"

namespace boardloop {

class SubnetScorer {
 public:
  enum class Part { kSearch, kUnseen };

  // The search's part is the first `search_images` of the split, as a search scores; the other part is the rest.
  //
  // INVALID_ARGUMENT  the split has no more images
  static absl::StatusOr<std::unique_ptr<SubnetScorer>> Load(const std::string& checkpoint,
                                                            int64_t search_images, int threads);
  virtual ~SubnetScorer() = default;

  virtual const v1::SupernetSpec& supernet() const = 0;
  virtual int64_t images(Part part) const = 0;
  // In the order of `subnets`.
  virtual absl::StatusOr<std::vector<double>> Top1(absl::Span<const Subnet> subnets, Part part) = 0;
  virtual int64_t scored() const = 0;  // On the search's part, so far; each subnet once.
};

}  // namespace boardloop
