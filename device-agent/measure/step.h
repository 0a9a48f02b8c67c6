// The steps that a measurement consists of: "generate", "build", ... "check".
//
// A step returns whether to go on; when not, the measurement says why.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "device-agent/measure/measurement.h"

namespace boardloop {

// Called when a step begins and, with its seconds, when it has ended; by the thread that does it.
using StepObserver = std::function<void(const std::string& step, std::optional<double> seconds)>;

// For those who do not look.
void IgnoreSteps(const std::string& step, std::optional<double> seconds);

// Does `step`, adds its seconds to `measurement` and returns what it returns.
bool RunStep(const std::string& name, const StepObserver& observer, Measurement& measurement,
             const std::function<bool()>& step);

// Ends `measurement`; false, for a step to return.
bool Fail(Measurement& measurement, Outcome outcome, const std::string& message);

}  // namespace boardloop
