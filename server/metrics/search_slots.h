// Which searches are shown: a few slots, so that the number of series does not grow with searches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/store/store.h"

namespace boardloop {

// A running search has a slot while there are enough, and keeps it when it ends, until another one needs it: then the one that ended
// first gives way. Slots that were never needed show the newest searches that have ended. Thread-safe.
class SearchSlots {
 public:
  static constexpr int kSlots = 8;

  // running: oldest first. ended: newest first. Gives the name in each slot, "" for none; slot 1 comes first.
  std::vector<std::string> Assign(const std::vector<std::string>& running,
                                  const std::vector<std::string>& ended);
  // The same by what the store says.
  absl::StatusOr<std::vector<std::string>> Update(Store& store);

 private:
  struct Slot {
    std::string name;
    int64_t ended = 0;  // Rises from end to end; 0: it runs.
  };
  Slot* Find(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // For a search that runs: a free one, else that of the search that ended first; nullptr: all run.
  Slot* Free() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Mutex mu_;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mu_) = std::vector<Slot>(kSlots);
  int64_t ends_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace boardloop
