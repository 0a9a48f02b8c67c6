// Least squares without negative coefficients, for a handful of features.
#pragma once

#include <vector>

namespace boardloop {

// One observation; the squared error of a row counts `weight` times.
struct LeastSquaresRow {
  std::vector<double> features;  // At least 0, as many in each row, at most 10.
  double target = 0;
  double weight = 1;
};

// The coefficients c >= 0 that minimize the weighted sum of (features . c - target)^2, over the
// choice of features with the least Akaike criterion: a feature is used only if it explains more
// than chance would, and at most one for every three rows. Every choice is tried, which is exact
// and fast for so few. The result depends on the order of rows only by rounding. All 0 without
// rows.
std::vector<double> FitNonnegative(const std::vector<LeastSquaresRow>& rows);

}  // namespace boardloop
