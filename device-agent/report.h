// A measurement for people: a summary, a table of layers with bars, and a picture.
#pragma once

#include <string>
#include <vector>

#include "device-agent/measure/measurement.h"

namespace boardloop {

std::string SummaryText(const Measurement& measurement);
std::string LayerTable(const Measurement& measurement);

// A row for each of several measurements.
std::string ComparisonTable(const std::vector<Measurement>& measurements);

// Bars of cycles by layer, as a gnuplot script (cli/plot.h).
std::string LayerFigure(const Measurement& measurement);

}  // namespace boardloop
