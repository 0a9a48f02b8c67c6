// Which share of random networks each limit of a search refuses: what a user needs to choose limits.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"
#include "core/board/board_type.h"
#include "core/space/space.h"
#include "server/search/latency_predictor.h"

namespace boardloop {

struct SpacePair {
  double width_mult = 0;
  int32_t resolution = 0;
};

// Draws as many networks of `space` as `spec` has samples of space optimization, and plans each as the search would. A function of its
// arguments; not of `threads`.
// search     its `spec` complete (WithDefaults), its `limits` effective
// predictor  of the board type; may be null: then latencies are not known
absl::StatusOr<v1::LimitShares> CountLimitShares(const v1::Search& search, const Space& space,
                                                 SpacePair pair, const BoardType& type,
                                                 const LatencyPredictor* predictor, int threads);

}  // namespace boardloop
