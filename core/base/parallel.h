// Data-parallel loops over independent items.
#pragma once

#include <cstdint>
#include <functional>

namespace boardloop {

// Number of threads to use when the user does not say: the processors this process may run on.
int DefaultThreads();

// Calls `body(i)` once for each i in [0, count), on up to `threads` threads, and returns when all
// have finished. Items are handed out in order, one at a time: `body` should be worth at least some
// microseconds. `body` must be safe to run concurrently with itself; results belong in slot i of an
// array, so that they do not depend on the number of threads.
void ParallelFor(int64_t count, int threads, const std::function<void(int64_t)>& body);

}  // namespace boardloop
