// Who counts what searches do. Told once it is durable: what was rolled back is never counted.
#pragma once

#include "boardloop/v1/search.pb.h"

namespace boardloop {

// Any thread calls it, several at once; it must return at once.
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;

  virtual void CandidateScored() = 0;
  // With its measurement, of a board or from the cache, and the prediction that was made before, if any.
  virtual void CandidateMeasured(const v1::Candidate& candidate) = 0;
  virtual void SearchEnded(v1::Search::State state) = 0;
};

}  // namespace boardloop
