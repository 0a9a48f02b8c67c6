// Which share of random networks each limit of a search refuses: what a user needs to choose limits.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"
#include "core/board/board_type.h"
#include "core/space/space.h"
#include "server/search/latency_predictor.h"
#include "server/search/search_context.h"

namespace boardloop {

struct SpacePair {
  double width_mult = 0;
  int32_t resolution = 0;
};

// Draws as many networks of `space` as `spec` has samples of space optimization, and plans each as the search would. A function of its
// arguments; not of the context, which gives threads and says when to give up.
// search     its `spec` complete (WithDefaults), its `limits` effective
// predictor  of the board type; may be null: then latencies are not known
// CANCELLED  the context said so
absl::StatusOr<v1::LimitShares> CountLimitShares(const SearchContext& context,
                                                 const v1::Search& search, const Space& space,
                                                 SpacePair pair, const BoardType& type,
                                                 const LatencyPredictor* predictor);

// Why no network of the pair can be expected to meet the limits: all that `shares` counts are refused, and so is the smallest. Empty
// where some are not, or the smallest is not.
absl::StatusOr<std::string> WhyNoneMeets(const v1::Search& search, const Space& space,
                                         SpacePair pair, const BoardType& type,
                                         const LatencyPredictor* predictor,
                                         const v1::LimitShares& shares);

}  // namespace boardloop
