#include "core/plan/arena.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

namespace boardloop {
namespace {

// Two buffers that are alive at the same step somewhere. If the first lies below the second, the
// second must start `height` above it: the largest size the first has while both are alive.
struct Conflict {
  int32_t other = 0;
  int64_t height = 0;        // Of this buffer, while both are alive.
  int64_t other_height = 0;  // Of the other.
};

int64_t RoundUp(int64_t bytes, int64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// The buffers with rounded sizes, and who conflicts with whom.
class Problem {
 public:
  Problem(absl::Span<const ArenaBuffer> buffers, int64_t alignment)
      : buffers_(buffers.begin(), buffers.end()),
        conflicts_(buffers.size()),
        size_(buffers.size()) {
    int32_t steps = 0;
    for (size_t b = 0; b < buffers_.size(); ++b) {
      steps = std::max(steps, buffers_[b].last() + 1);
      for (Extent& extent : buffers_[b].extents) {
        extent.bytes = RoundUp(extent.bytes, alignment);
        size_[b] = std::max(size_[b], extent.bytes);
      }
    }
    live_bytes_.assign(steps, 0);
    for (const ArenaBuffer& buffer : buffers_) {
      for (const Extent& extent : buffer.extents) {
        for (int32_t t = extent.first; t <= extent.last; ++t) live_bytes_[t] += extent.bytes;
      }
    }
    FindConflicts();
  }

  size_t buffers() const { return size_.size(); }
  const ArenaBuffer& buffer(int32_t index) const { return buffers_[index]; }
  int64_t size(int32_t buffer) const { return size_[buffer]; }
  const std::vector<int64_t>& live_bytes() const { return live_bytes_; }  // By step.
  int64_t lower_bound() const {
    return live_bytes_.empty() ? 0 : *std::max_element(live_bytes_.begin(), live_bytes_.end());
  }
  const absl::InlinedVector<Conflict, 6>& conflicts(int32_t buffer) const {
    return conflicts_[buffer];
  }

 private:
  void FindConflicts() {
    std::vector<int32_t> by_start(buffers_.size());
    std::iota(by_start.begin(), by_start.end(), 0);
    std::stable_sort(by_start.begin(), by_start.end(), [&](int32_t a, int32_t b) {
      return buffers_[a].first() < buffers_[b].first();
    });
    for (size_t i = 0; i < by_start.size(); ++i) {
      int32_t a = by_start[i];
      for (size_t j = i + 1; j < by_start.size(); ++j) {
        int32_t b = by_start[j];
        if (buffers_[b].first() > buffers_[a].last()) break;
        AddConflict(a, b);
      }
    }
  }

  void AddConflict(int32_t a, int32_t b) {
    int64_t height_a = 0, height_b = 0;  // While both are alive.
    for (const Extent& x : buffers_[a].extents) {
      for (const Extent& y : buffers_[b].extents) {
        bool together = x.first <= y.last && y.first <= x.last;
        if (!together || x.bytes == 0 || y.bytes == 0) continue;
        height_a = std::max(height_a, x.bytes);
        height_b = std::max(height_b, y.bytes);
      }
    }
    if (height_a == 0) return;
    conflicts_[a].push_back({b, height_a, height_b});
    conflicts_[b].push_back({a, height_b, height_a});
  }

  std::vector<ArenaBuffer> buffers_;
  std::vector<absl::InlinedVector<Conflict, 6>> conflicts_;
  std::vector<int64_t> size_;
  std::vector<int64_t> live_bytes_;
};

constexpr int64_t kUnplaced = -1;

struct Offsets {
  std::vector<int64_t> offset;
  int64_t bytes = std::numeric_limits<int64_t>::max();
};

// A neighbour at offset a, with heights h below and o of its own, forbids the open interval
// (a - h, a + o).
struct Forbidden {
  int64_t low, high;
};
using ForbiddenList = absl::InlinedVector<Forbidden, 8>;

// The lowest offset outside all intervals.
int64_t LowestFit(ForbiddenList& forbidden) {
  std::sort(forbidden.begin(), forbidden.end(),
            [](const Forbidden& a, const Forbidden& b) { return a.low < b.low; });
  int64_t fit = 0;
  for (const Forbidden& interval : forbidden) {
    if (fit <= interval.low) break;
    fit = std::max(fit, interval.high);
  }
  return fit;
}

Offsets PlaceInOrder(const Problem& problem, const std::vector<int32_t>& order) {
  Offsets result{std::vector<int64_t>(problem.buffers(), kUnplaced), 0};
  for (int32_t buffer : order) {
    ForbiddenList forbidden;
    for (const Conflict& c : problem.conflicts(buffer)) {
      int64_t at = result.offset[c.other];
      if (at != kUnplaced) forbidden.push_back({at - c.height, at + c.other_height});
    }
    int64_t offset = LowestFit(forbidden);
    result.offset[buffer] = offset;
    result.bytes = std::max(result.bytes, offset + problem.size(buffer));
  }
  return result;
}

// Branch and bound over the order in which buffers are stacked.
//
// Any layout can be pushed down until each buffer rests on the floor or on a conflicting buffer.
// Taken by ascending offset, each buffer then lies exactly on top of those placed before it. So it
// is enough to visit orders in which (offset, index) ascends.
class StackingSearch {
 public:
  StackingSearch(const Problem& problem, int64_t node_budget, int64_t goal, Offsets best)
      : problem_(problem),
        nodes_left_(node_budget),
        goal_(std::max(goal, problem.lower_bound())),
        best_(std::move(best)),
        offset_(problem.buffers(), 0),
        floor_(problem.buffers(), 0),
        top_(problem.live_bytes().size(), 0),
        to_come_(problem.live_bytes()) {
    for (size_t b = 0; b < problem.buffers(); ++b) {
      if (problem.size(static_cast<int32_t>(b)) > 0) remaining_.push_back(static_cast<int32_t>(b));
    }
  }

  Offsets Run() {
    Visit(/*level=*/0, /*last=*/-1);
    return std::move(best_);
  }

 private:
  bool Done() const { return nodes_left_ <= 0 || best_.bytes <= goal_; }

  // Whether a layout better than the best can still follow: at each step, what is to come starts at
  // `level` or above, and above what already lies there.
  bool MayImprove(int64_t level) const {
    for (size_t t = 0; t < top_.size(); ++t) {
      if (to_come_[t] > 0 && std::max(level, top_[t]) + to_come_[t] >= best_.bytes) return false;
    }
    return true;
  }

  void Visit(int64_t level, int32_t last) {
    if (Done()) return;
    --nodes_left_;
    if (remaining_.empty()) {
      int64_t bytes = *std::max_element(top_.begin(), top_.end());
      if (bytes < best_.bytes) best_ = {offset_, bytes};
      return;
    }
    std::vector<int32_t> candidates;
    for (int32_t buffer : remaining_) {
      if (std::tie(floor_[buffer], buffer) > std::tie(level, last)) candidates.push_back(buffer);
    }
    std::sort(candidates.begin(), candidates.end(), [this](int32_t a, int32_t b) {
      return std::make_tuple(floor_[a], -problem_.size(a), a) <
             std::make_tuple(floor_[b], -problem_.size(b), b);
    });
    for (int32_t buffer : candidates) {
      if (Done()) return;
      PlaceAndVisit(buffer);
    }
  }

  // Puts `buffer` on its floor, visits what can follow, and takes it away again.
  void PlaceAndVisit(int32_t buffer) {
    const std::vector<int64_t> saved_floor = floor_;
    const std::vector<int64_t> saved_top = top_;
    const int64_t offset = floor_[buffer];
    offset_[buffer] = offset;
    remaining_.erase(std::find(remaining_.begin(), remaining_.end(), buffer));
    for (const Extent& extent : problem_.buffer(buffer).extents) {
      for (int32_t t = extent.first; t <= extent.last; ++t) {
        top_[t] = std::max(top_[t], offset + extent.bytes);
        to_come_[t] -= extent.bytes;
      }
    }
    for (const Conflict& conflict : problem_.conflicts(buffer)) {
      floor_[conflict.other] = std::max(floor_[conflict.other], offset + conflict.height);
    }
    if (MayImprove(offset)) Visit(offset, buffer);
    floor_ = saved_floor;
    top_ = saved_top;
    for (const Extent& extent : problem_.buffer(buffer).extents) {
      for (int32_t t = extent.first; t <= extent.last; ++t) to_come_[t] += extent.bytes;
    }
    remaining_.push_back(buffer);
  }

  const Problem& problem_;
  int64_t nodes_left_;
  const int64_t goal_;
  Offsets best_;
  std::vector<int32_t> remaining_;
  std::vector<int64_t> offset_;   // By buffer, once placed.
  std::vector<int64_t> floor_;    // By buffer: lowest offset above its placed neighbours.
  std::vector<int64_t> top_;      // By step: end of the highest placed buffer.
  std::vector<int64_t> to_come_;  // By step: bytes not placed yet.
};

std::vector<int32_t> LargestFirst(const Problem& problem) {
  std::vector<int32_t> order(problem.buffers());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return problem.size(a) > problem.size(b); });
  return order;
}

// More orders for the greedy placement, for when the largest first is not good enough.
std::vector<std::vector<int32_t>> OtherOrders(const Problem& problem) {
  auto steps = [&](int32_t b) { return problem.buffer(b).last() - problem.buffer(b).first() + 1; };
  auto area = [&](int32_t b) { return problem.size(b) * steps(b); };
  std::vector<int32_t> by_area = LargestFirst(problem);
  std::vector<int32_t> by_start = by_area, by_life = by_area;
  auto sort = [&](std::vector<int32_t>& order, auto key) {
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return key(a) < key(b); });
  };
  sort(by_area, [&](int32_t b) { return std::make_tuple(-area(b), b); });
  sort(by_life, [&](int32_t b) { return std::make_tuple(-steps(b), -problem.size(b), b); });
  sort(by_start,
       [&](int32_t b) { return std::make_tuple(problem.buffer(b).first(), -problem.size(b), b); });
  return {by_area, by_life, by_start};
}

ArenaLayout OneRegion(const Problem& problem, Offsets offsets) {
  ArenaLayout layout;
  layout.regions.assign(problem.buffers(), 0);
  layout.offsets = std::move(offsets.offset);
  layout.region_bytes = {offsets.bytes};
  layout.bytes = offsets.bytes;
  layout.lower_bound = problem.lower_bound();
  return layout;
}

std::optional<ArenaLayout> PlaceInRegions(const Problem& problem, const std::vector<int32_t>& order,
                                          absl::Span<const int64_t> capacity) {
  ArenaLayout layout;
  layout.offsets.assign(problem.buffers(), kUnplaced);
  layout.regions.assign(problem.buffers(), 0);
  layout.region_bytes.assign(capacity.size(), 0);
  layout.lower_bound = problem.lower_bound();
  for (int32_t buffer : order) {
    for (size_t region = 0; region < capacity.size() && layout.offsets[buffer] == kUnplaced;
         ++region) {
      ForbiddenList forbidden;
      for (const Conflict& c : problem.conflicts(buffer)) {
        int64_t at = layout.offsets[c.other];
        if (at == kUnplaced || layout.regions[c.other] != static_cast<int32_t>(region)) continue;
        forbidden.push_back({at - c.height, at + c.other_height});
      }
      int64_t offset = LowestFit(forbidden);
      int64_t end = offset + problem.size(buffer);
      if (end > capacity[region]) continue;
      layout.offsets[buffer] = offset;
      layout.regions[buffer] = static_cast<int32_t>(region);
      layout.region_bytes[region] = std::max(layout.region_bytes[region], end);
    }
    if (layout.offsets[buffer] == kUnplaced) return std::nullopt;
  }
  layout.bytes =
      std::accumulate(layout.region_bytes.begin(), layout.region_bytes.end(), int64_t{0});
  return layout;
}

}  // namespace

int64_t ArenaLowerBound(absl::Span<const ArenaBuffer> buffers, int64_t alignment) {
  return Problem(buffers, alignment).lower_bound();
}

ArenaLayout FirstFitBySize(absl::Span<const ArenaBuffer> buffers, int64_t alignment) {
  Problem problem(buffers, alignment);
  return OneRegion(problem, PlaceInOrder(problem, LargestFirst(problem)));
}

ArenaLayout LayOutArena(absl::Span<const ArenaBuffer> buffers, int64_t alignment,
                        int64_t node_budget, int64_t goal) {
  Problem problem(buffers, alignment);
  const int64_t enough = std::max(goal, problem.lower_bound());
  Offsets best = PlaceInOrder(problem, LargestFirst(problem));
  if (best.bytes > enough) {
    for (const std::vector<int32_t>& order : OtherOrders(problem)) {
      Offsets placed = PlaceInOrder(problem, order);
      if (placed.bytes < best.bytes) best = std::move(placed);
    }
  }
  if (best.bytes > enough) {
    best = StackingSearch(problem, node_budget, goal, std::move(best)).Run();
  }
  return OneRegion(problem, std::move(best));
}

std::optional<ArenaLayout> LayOutInRegions(absl::Span<const ArenaBuffer> buffers, int64_t alignment,
                                           absl::Span<const int64_t> region_bytes) {
  Problem problem(buffers, alignment);
  std::optional<ArenaLayout> layout = PlaceInRegions(problem, LargestFirst(problem), region_bytes);
  if (layout.has_value()) return layout;
  for (const std::vector<int32_t>& order : OtherOrders(problem)) {
    layout = PlaceInRegions(problem, order, region_bytes);
    if (layout.has_value()) return layout;
  }
  return std::nullopt;
}

}  // namespace boardloop
