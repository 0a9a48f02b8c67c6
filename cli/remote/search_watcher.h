// Follows a search to its end, across restarts of the coordinator.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boardloop/v1/search_service.pb.h"
#include "cli/remote/connection.h"

namespace boardloop {

// Whether a search is not RUNNING any more.
bool HasEnded(const v1::Search& search);
// What the end of a search means for a script.
ExitCode ExitCodeOf(const v1::Search& search);

class SearchWatcher {
 public:
  struct Options {
    // How long a coordinator may be away. 0: not at all.
    absl::Duration patience = absl::Minutes(10);
    // Between attempts that a coordinator which is there refuses.
    std::function<void(absl::Duration)> sleep = absl::SleepFor;
    // The search, again after each change, and what happened since. An error ends the watch.
    std::function<absl::Status(const v1::WatchSearchResponse&)> on_update;
    // The coordinator went away; on_update follows when it is back.
    std::function<void(const absl::Status&)> on_lost;
  };

  // `connection` is not owned and must outlive the watcher.
  SearchWatcher(Connection& connection, Options options);

  // Returns the search once it has ended. After a cut it goes on with the last resume_token, so that no change of state and no
  // event is missed or seen twice.
  //
  // NOT_FOUND    no such search
  // UNAVAILABLE  the coordinator was away for longer than `patience` (IsUnreachable)
  // and what on_update returned
  absl::StatusOr<v1::Search> Run(const std::string& name);

 private:
  // One stream until it breaks or the search has ended.
  absl::Status Stream(const std::string& name);
  // Returns when it makes sense to try again.
  absl::Status Recover(const absl::Status& cause);

  Connection& connection_;
  const Options options_;
  v1::WatchSearchResponse last_;
  absl::Status updated_;  // Of the last on_update.
  int fruitless_ = 0;     // Streams in a row that brought nothing.
  absl::Time lost_;       // Since when they have.
};

}  // namespace boardloop
