// Runs kernels on the host.
#pragma once

#include <string>

#include "tests/firmware/engine/kernel_run.h"

namespace boardloop {

// Runs the calls with the portable kernels of this program and compares. Memory and constants end
// at pages that fault, constants are read-only; on a fault the run's label is printed before we
// die.
//
// returns   empty, or what is wrong
std::string RunOnHost(const KernelRun& run);

}  // namespace boardloop
