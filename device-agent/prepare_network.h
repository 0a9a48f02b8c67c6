// Prepares the measurement of a network by what a user types: a file, a name or a subnet.
#pragma once

#include <string>

#include "device-agent/measure/prepare.h"

namespace boardloop {

// As Preparer::PrepareFile, for all that LoadModel takes (cli/load_network.h). What is no
// .tflite or .blm is measured with random weights, and the measurement says so.
PreparedMeasurement PrepareNetwork(Preparer& preparer, const std::string& network,
                                   const MeasureOptions& options, const StepObserver& observer);

}  // namespace boardloop
