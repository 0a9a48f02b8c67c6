#include "server/search/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

namespace boardloop {
namespace {

// Ascending, a feasible point comes after every other that dominates it.
std::tuple<double, double, double> Key(const ObjectiveValues& v) {
  return std::make_tuple(-v.top1, v.latency_ms, v.sram_bytes);
}

// Points of one front that came before, as what they dominate in latency and SRAM: of the staircase
// only the corners are kept.
class Staircase {
 public:
  bool Covers(const ObjectiveValues& v) const {
    auto right = corners_.upper_bound(v.latency_ms);
    return right != corners_.begin() && std::prev(right)->second <= v.sram_bytes;
  }

  void Add(const ObjectiveValues& v) {
    if (Covers(v)) return;
    auto it = corners_.lower_bound(v.latency_ms);
    while (it != corners_.end() && it->second >= v.sram_bytes) it = corners_.erase(it);
    corners_.emplace(v.latency_ms, v.sram_bytes);
  }

 private:
  std::map<double, double> corners_;  // Latency ascending, SRAM descending.
};

// Numbers the fronts of the feasible points of `order`, which ascends by Key; returns how many
// fronts there are. A point belongs to the first front that has no point dominating it; as such a
// point is itself dominated from every front before its own, binary search finds it.
int32_t NumberFeasible(absl::Span<const ObjectiveValues> points, const std::vector<size_t>& order,
                       std::vector<int32_t>& numbers) {
  std::vector<Staircase> fronts;
  for (size_t i = 0; i < order.size();) {
    const ObjectiveValues& point = points[order[i]];
    const auto front = std::partition_point(fronts.begin(), fronts.end(),
                                            [&](const Staircase& s) { return s.Covers(point); });
    const auto number = static_cast<int32_t>(front - fronts.begin());
    if (front == fronts.end()) fronts.emplace_back();
    fronts[number].Add(point);
    // Equal points do not dominate each other.
    const auto key = Key(point);
    for (; i < order.size() && Key(points[order[i]]) == key; ++i) numbers[order[i]] = number;
  }
  return static_cast<int32_t>(fronts.size());
}

std::vector<size_t> Indices(size_t count) {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  return indices;
}

struct Box {
  double top1 = 0, latency = 0, sram = 0;  // Gains on the reference, above 0.
};

// Area of the union of the rectangles from the origin to (top1, latency). `boxes` descend by top1.
double UnionArea(const std::vector<Box>& boxes) {
  double area = 0, latency = 0;
  for (const Box& box : boxes) {
    if (box.latency <= latency) continue;
    area += box.top1 * (box.latency - latency);
    latency = box.latency;
  }
  return area;
}

}  // namespace

bool Dominates(const ObjectiveValues& a, const ObjectiveValues& b) {
  if (a.feasible != b.feasible) return a.feasible;
  if (!a.feasible) return a.violation < b.violation;
  const bool nowhere_worse =
      a.top1 >= b.top1 && a.latency_ms <= b.latency_ms && a.sram_bytes <= b.sram_bytes;
  return nowhere_worse && Key(a) != Key(b);
}

std::vector<int32_t> FrontNumbers(absl::Span<const ObjectiveValues> points) {
  std::vector<size_t> feasible, infeasible;
  for (size_t i = 0; i < points.size(); ++i) {
    (points[i].feasible ? feasible : infeasible).push_back(i);
  }
  std::stable_sort(feasible.begin(), feasible.end(),
                   [&](size_t a, size_t b) { return Key(points[a]) < Key(points[b]); });
  std::stable_sort(infeasible.begin(), infeasible.end(),
                   [&](size_t a, size_t b) { return points[a].violation < points[b].violation; });
  std::vector<int32_t> numbers(points.size(), 0);
  int32_t next = NumberFeasible(points, feasible, numbers);
  for (size_t i = 0; i < infeasible.size(); ++i) {
    numbers[infeasible[i]] = next;
    const bool last_of_front = i + 1 == infeasible.size() || points[infeasible[i + 1]].violation >
                                                                 points[infeasible[i]].violation;
    if (last_of_front) ++next;
  }
  return numbers;
}

std::vector<size_t> ParetoFront(absl::Span<const ObjectiveValues> points) {
  const std::vector<int32_t> numbers = FrontNumbers(points);
  std::vector<size_t> front;
  for (size_t i = 0; i < points.size(); ++i) {
    if (numbers[i] == 0 && points[i].feasible) front.push_back(i);
  }
  return front;
}

std::vector<double> CrowdingDistances(absl::Span<const ObjectiveValues> front) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> distances(front.size(), 0);
  const auto add = [&](double ObjectiveValues::*objective) {
    std::vector<size_t> order = Indices(front.size());
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::make_tuple(front[a].*objective, Key(front[a]), a) <
             std::make_tuple(front[b].*objective, Key(front[b]), b);
    });
    const double extent = front[order.back()].*objective - front[order.front()].*objective;
    if (!(extent > 0)) return;
    distances[order.front()] = distances[order.back()] = kInfinity;
    if (!std::isfinite(extent)) return;
    for (size_t i = 1; i + 1 < order.size(); ++i) {
      distances[order[i]] +=
          (front[order[i + 1]].*objective - front[order[i - 1]].*objective) / extent;
    }
  };
  if (front.empty()) return distances;
  for (const auto objective :
       {&ObjectiveValues::top1, &ObjectiveValues::latency_ms, &ObjectiveValues::sram_bytes}) {
    add(objective);
  }
  return distances;
}

std::vector<size_t> SelectByFronts(absl::Span<const ObjectiveValues> points, size_t count) {
  const std::vector<int32_t> numbers = FrontNumbers(points);
  std::map<int32_t, std::vector<size_t>> fronts;
  for (size_t i = 0; i < points.size(); ++i) fronts[numbers[i]].push_back(i);
  std::vector<size_t> selected;
  for (const auto& front : fronts) {
    if (selected.size() >= count) break;
    std::vector<ObjectiveValues> values;
    for (const size_t index : front.second) values.push_back(points[index]);
    const std::vector<double> distances = CrowdingDistances(values);
    std::vector<size_t> order = Indices(values.size());
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return distances[a] > distances[b]; });
    for (const size_t i : order) selected.push_back(front.second[i]);
  }
  selected.resize(std::min(count, selected.size()));
  return selected;
}

double Hypervolume(absl::Span<const ObjectiveValues> points, const ObjectiveValues& reference) {
  std::vector<Box> boxes;
  for (const ObjectiveValues& p : points) {
    const Box box{p.top1 - reference.top1, reference.latency_ms - p.latency_ms,
                  reference.sram_bytes - p.sram_bytes};
    if (p.feasible && box.top1 > 0 && box.latency > 0 && box.sram > 0) boxes.push_back(box);
  }
  // Slices of SRAM from the largest gain down: within one, the same points count.
  std::sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.sram > b.sram; });
  std::vector<Box> slice;  // Descends by top1.
  double volume = 0;
  for (size_t i = 0; i < boxes.size(); ++i) {
    const auto place = std::upper_bound(slice.begin(), slice.end(), boxes[i],
                                        [](const Box& a, const Box& b) { return a.top1 > b.top1; });
    slice.insert(place, boxes[i]);
    const double below = i + 1 < boxes.size() ? boxes[i + 1].sram : 0;
    volume += UnionArea(slice) * (boxes[i].sram - below);
  }
  return volume;
}

}  // namespace boardloop
