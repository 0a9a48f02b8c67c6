#include "device-agent/measure/step.h"

#include <chrono>

namespace boardloop {

void IgnoreSteps(const std::string& /*step*/, std::optional<double> /*seconds*/) {}

bool RunStep(const std::string& name, const StepObserver& observer, Measurement& measurement,
             const std::function<bool()>& step) {
  using Clock = std::chrono::steady_clock;
  observer(name, std::nullopt);
  const Clock::time_point start = Clock::now();
  const bool go_on = step();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  measurement.seconds.emplace_back(name, seconds);
  observer(name, seconds);
  return go_on;
}

bool Fail(Measurement& measurement, Outcome outcome, const std::string& message) {
  measurement.outcome = outcome;
  measurement.message = message;
  return false;
}

}  // namespace boardloop
