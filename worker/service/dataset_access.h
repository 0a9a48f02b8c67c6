// Which data sets of this machine the coordinator may use.
//
// Invariants:
//   (1) Nothing outside the allowed roots is looked at, symbolic links resolved.
//   (2) A data set is offered only if its folder exists and has a known layout.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace boardloop {

// Thread-safe.
class DatasetAccess {
 public:
  struct Options {
    std::vector<std::string> roots;  // Empty: any folder.
    // One that is not there is looked for again so often.
    absl::Duration look_again = absl::Seconds(10);
    // One that this machine could not load (its disk, its memory) is not offered for so long: the task would come back at once.
    absl::Duration pause = absl::Minutes(1);
    // Lines for the operator; may be empty.
    std::function<void(const std::string& line)> log;
  };

  // `clock` is not owned.
  DatasetAccess(Options options, const Clock& clock);

  // PERMISSION_DENIED  not below a root; the message has the roots
  // NOT_FOUND          nothing there that is a data set
  absl::Status Check(const std::string& path) const;

  // Looks at those of `paths` that are not known yet. Returns whether Offered() has changed.
  bool Ask(const std::vector<std::string>& paths);

  // Those asked for that can be read.
  std::vector<std::string> Offered() const;

  // Why those asked for cannot be read, by path.
  std::map<std::string, std::string> Problems() const;

  // A task could not load it, through no fault of the data.
  void NoteFailure(const std::string& path, const absl::Status& status);

 private:
  struct Entry {
    bool readable = false;
    absl::Duration next_look;  // On the steady clock; where it is not readable.
    std::string problem;       // The last that was logged.
  };
  void LogProblem(const std::string& path, const absl::Status& status, Entry& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  const Clock& clock_;
  mutable Mutex mu_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mu_);  // By path.
};

}  // namespace boardloop
