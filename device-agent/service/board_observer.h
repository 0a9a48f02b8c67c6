// Who looks at a board at work: the agent's metrics. A board works without one as well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "boardloop/v1/task.pb.h"

namespace boardloop {

enum class BoardActivity {
  kChecking,  // Or not checked yet.
  kIdle,
  kMeasuring,
  kFailed,  // Its last check was not good, or it is unusable.
};
enum class BuildResult { kCached, kBuilt, kFailed };

// Of one board. Called by its two threads between other work: returns at once.
class BoardObserver {
 public:
  virtual ~BoardObserver() = default;
  virtual void Turned(BoardActivity /*activity*/) {}
  // Of a task, by the name that Measurement.seconds has.
  virtual void StepEnded(const std::string& /*step*/, double /*seconds*/) {}
  virtual void Built(BuildResult /*result*/) {}
  virtual void Measured(const v1::TaskResult& /*result*/) {}
  // Against the golden model; nullopt: that was not measured.
  virtual void Checked(bool /*good*/, std::optional<double> /*drift*/) {}
  // Since the board is known, and since this process began.
  virtual void Wore(int64_t /*sector_erases*/, int64_t /*probe_restarts*/) {}
};

}  // namespace boardloop
