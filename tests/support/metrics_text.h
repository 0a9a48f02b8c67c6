// Reads Prometheus' text format in tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

namespace boardloop {

// Of a series as it is written, "boardloop_calls" or "boardloop_things_total{kind=\"small\"}"; NaN and a failure where there is none.
inline double ValueOf(const std::string& text, const std::string& series) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(series + " ", 0) == 0) return std::strtod(line.c_str() + series.size(), nullptr);
  }
  ADD_FAILURE() << "no series " << series << " in\n" << text;
  return std::nan("");
}

// How many series each metric has; those of a histogram count as one metric, with its buckets.
inline std::map<std::string, int> SeriesByMetric(const std::string& text) {
  std::map<std::string, int> result;
  std::string metric;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# TYPE ", 0) == 0) metric = line.substr(7, line.find(' ', 7) - 7);
    if (!line.empty() && line[0] != '#') ++result[metric];
  }
  return result;
}

}  // namespace boardloop
