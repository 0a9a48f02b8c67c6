// Measures a network by what a user types: a file, a name or a subnet.
#pragma once

#include <string>

#include "device-agent/measure/measure.h"

namespace boardloop {

// As Measurer::MeasureFile, for all that LoadModel takes (cli/load_network.h). What is no
// .tflite or .blm is measured with random weights, and the measurement says so.
Measurement MeasureNetwork(Measurer& measurer, const std::string& network,
                           const MeasureOptions& options);

}  // namespace boardloop
