// A finished search as a real one looks: real networks with real plans, made-up accuracies and cycles.
// The same on every call.
#pragma once

#include "server/report/report.h"

namespace boardloop {

// 5 generations of 40 candidates, a winner that was verified on the board, a predictor.
SearchReport SampleReport();

// A search that found that nothing fits: no candidates, no winner.
SearchReport EmptyReport();

// The sample with text that would break a page in every field that others choose.
SearchReport HostileReport();

// What HostileReport puts there.
inline constexpr char kHostile[] =
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&\x01\xff";

}  // namespace boardloop
