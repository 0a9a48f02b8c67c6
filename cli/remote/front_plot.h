// The Pareto front of a search as a picture: top-1 over latency.
#pragma once

#include <string>
#include <vector>

#include "cli/remote/scatter.h"
#include "cli/remote/search_text.h"

namespace boardloop {

// A gnuplot script (cli/plot.h). `others` are further candidates, drawn grey behind the front; those without score or
// latency are left out.
std::string FrontFigure(const std::string& title, const Candidates& front,
                        const Candidates& others);

// For ScatterLines: candidates that have a score and a latency, measured or predicted.
std::vector<ScatterPoint> FrontPoints(const Candidates& front);
// "84.1 %" over "12.3 ms".
ScatterAxes FrontAxes();

}  // namespace boardloop
