// Of the process: CPU time, memory, files; by the names that Prometheus' own libraries give them.
#pragma once

#include <functional>

#include "prometheus/registry.h"

namespace boardloop {

// Adds process_*; the function brings them up to date.
std::function<void()> ProcessMetrics(prometheus::Registry& registry);

}  // namespace boardloop
