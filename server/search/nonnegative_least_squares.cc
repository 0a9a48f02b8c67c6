#include "server/search/nonnegative_least_squares.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace boardloop {
namespace {

// Keeps the matrix definite when features depend on each other (a depthwise convolution's MACs are
// a multiple of its outputs). Relative to the largest entry of a scaled feature's diagonal.
constexpr double kRidge = 1e-10;
// Share of the targets' squares that counts as no error at all.
constexpr double kRounding = 1e-12;

using Matrix = std::vector<std::vector<double>>;

// Solves a x = b for a symmetric positive definite `a` by Cholesky's decomposition.
std::optional<std::vector<double>> SolveDefinite(Matrix a, std::vector<double> b) {
  const size_t n = b.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      if (i != j) {
        a[i][j] = sum / a[j][j];
      } else if (sum > 0) {
        a[i][i] = std::sqrt(sum);
      } else {
        return std::nullopt;
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

// The normal equations of all features, each scaled to a largest value of 1.
struct NormalEquations {
  std::vector<double> scale;
  Matrix products;  // Of features with features, weighted.
  std::vector<double> with_target;
  double target_squares = 0;
};

NormalEquations MakeEquations(const std::vector<LeastSquaresRow>& rows) {
  const size_t n = rows.front().features.size();
  NormalEquations equations;
  equations.scale.assign(n, 0);
  for (const LeastSquaresRow& row : rows) {
    for (size_t i = 0; i < n; ++i) {
      equations.scale[i] = std::max(equations.scale[i], row.features[i]);
    }
  }
  equations.products.assign(n, std::vector<double>(n, 0));
  equations.with_target.assign(n, 0);
  for (const LeastSquaresRow& row : rows) {
    equations.target_squares += row.weight * row.target * row.target;
    for (size_t i = 0; i < n; ++i) {
      if (equations.scale[i] == 0) continue;
      const double left = row.weight * row.features[i] / equations.scale[i];
      equations.with_target[i] += left * row.target;
      for (size_t j = 0; j < n; ++j) {
        if (equations.scale[j] == 0) continue;
        equations.products[i][j] += left * row.features[j] / equations.scale[j];
      }
    }
  }
  return equations;
}

struct Solution {
  std::vector<size_t> chosen;
  std::vector<double> values;  // Of the scaled features.
};

// nullopt if a coefficient would be negative or the features do not determine any.
std::optional<Solution> Solve(const NormalEquations& equations, uint32_t choice) {
  Solution solution;
  for (size_t i = 0; i < equations.scale.size(); ++i) {
    if ((choice >> i & 1) == 0) continue;
    if (equations.scale[i] == 0) return std::nullopt;
    solution.chosen.push_back(i);
  }
  Matrix a;
  std::vector<double> b;
  for (const size_t i : solution.chosen) {
    std::vector<double> row;
    for (const size_t j : solution.chosen) row.push_back(equations.products[i][j]);
    row[a.size()] *= 1 + kRidge;
    a.push_back(std::move(row));
    b.push_back(equations.with_target[i]);
  }
  std::optional<std::vector<double>> values = SolveDefinite(std::move(a), std::move(b));
  if (!values.has_value()) return std::nullopt;
  for (const double value : *values) {
    if (!(value >= 0)) return std::nullopt;
  }
  solution.values = *std::move(values);
  return solution;
}

// Of all rows. Rounding leaves no more than kRounding says.
double SquaredError(const NormalEquations& equations, const Solution& solution) {
  double error = equations.target_squares;
  for (size_t k = 0; k < solution.chosen.size(); ++k) {
    const size_t i = solution.chosen[k];
    double gradient = -2 * equations.with_target[i];
    for (size_t l = 0; l < solution.chosen.size(); ++l) {
      gradient += equations.products[i][solution.chosen[l]] * solution.values[l];
    }
    error += solution.values[k] * gradient;
  }
  return std::max(error, 0.0);
}

}  // namespace

std::vector<double> FitNonnegative(const std::vector<LeastSquaresRow>& rows) {
  if (rows.empty()) return {};
  const NormalEquations equations = MakeEquations(rows);
  const size_t features = equations.scale.size();
  const auto count = static_cast<double>(rows.size());
  const size_t most = std::max<size_t>(1, rows.size() / 3);
  std::vector<double> best(features, 0);
  double best_criterion = std::numeric_limits<double>::infinity();
  for (uint32_t choice = 1; choice < (uint32_t{1} << features); ++choice) {
    const std::optional<Solution> solution = Solve(equations, choice);
    if (!solution.has_value() || solution->chosen.size() > most) continue;
    const double error = SquaredError(equations, *solution) + kRounding * equations.target_squares;
    const double criterion =
        count * std::log(error) + 2 * static_cast<double>(solution->chosen.size());
    if (criterion >= best_criterion) continue;
    best_criterion = criterion;
    best.assign(features, 0);
    for (size_t k = 0; k < solution->chosen.size(); ++k) {
      const size_t i = solution->chosen[k];
      best[i] = solution->values[k] / equations.scale[i];
    }
  }
  return best;
}

}  // namespace boardloop
