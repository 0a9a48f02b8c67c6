// The figures of report.html, one file each. Every function returns the inside of a section: a
// sentence that says how to read it, the drawings, and the numbers as a table. Where there is nothing
// to draw, it says why.
#pragma once

#include <string>
#include <vector>

#include "server/report/candidate_marks.h"
#include "server/report/facts.h"

namespace boardloop::report {

// memory_figure.cc: SRAM and flash of the winner, part by part, against what is allowed.
std::string MemoryFigure(const SearchReport& report, const Facts& facts);

// space_figure.cc: distribution of MACs in each pair of width multiplier and resolution, and ranks.
std::string SpaceFigure(const SearchReport& report);

// evolution_figure.cc: top-1 of all candidates by generation, and the best so far.
std::string EvolutionFigure(const SearchReport& report, const Facts& facts,
                            const std::vector<DrawnCandidate>& drawn);

// front_figure.cc: top-1 against latency, SRAM as colour; the Pareto front.
std::string FrontFigure(const SearchReport& report, const Facts& facts,
                        const std::vector<DrawnCandidate>& drawn);

// sram_figure.cc: bytes that live at each step of the winner.
std::string SramFigure(const SearchReport& report);

// cycles_figure.cc: cycles of each layer of the winner.
std::string CyclesFigure(const SearchReport& report, const Facts& facts);

// predictor_figure.cc: latency as predicted and as measured.
std::string PredictorFigure(const SearchReport& report, const Facts& facts);

}  // namespace boardloop::report
