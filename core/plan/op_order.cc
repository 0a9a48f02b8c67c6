#include "core/plan/op_order.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace boardloop {
namespace {

// Operators, and for each tensor who makes and who reads it.
struct Links {
  explicit Links(const Graph& graph)
      : producer(graph.tensors.size(), -1), readers(graph.tensors.size()) {
    for (size_t i = 0; i < graph.ops.size(); ++i) {
      producer[graph.ops[i].output] = static_cast<int32_t>(i);
      for (int32_t input : graph.ops[i].inputs) {
        readers[input].push_back(static_cast<int32_t>(i));
      }
    }
  }
  std::vector<int32_t> producer;
  std::vector<absl::InlinedVector<int32_t, 2>> readers;
};

// Whether each op but the first needs the output of the op just before it: then the order is
// forced.
bool IsChain(const Graph& graph) {
  for (size_t i = 1; i < graph.ops.size(); ++i) {
    const auto& inputs = graph.ops[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), graph.ops[i - 1].output) == inputs.end()) {
      return false;
    }
  }
  return true;
}

// A set of operators that have run, one byte each, with the cheapest way found to get there.
struct State {
  int64_t peak = 0;
  std::string done;
  std::vector<int32_t> order;
};

struct HigherPeak {
  bool operator()(const State& a, const State& b) const {
    // At equal peaks the state that has come further is taken first.
    if (a.peak != b.peak) return a.peak > b.peak;
    return a.order.size() != b.order.size() ? a.order.size() < b.order.size() : a.order > b.order;
  }
};

class OrderSearch {
 public:
  explicit OrderSearch(const Graph& graph) : graph_(graph), links_(graph) {}

  bool Ready(const State& state, int32_t op) const {
    if (state.done[op]) return false;
    return std::all_of(graph_.ops[op].inputs.begin(), graph_.ops[op].inputs.end(), [&](int32_t t) {
      return links_.producer[t] < 0 || state.done[links_.producer[t]];
    });
  }

  // Bytes alive while `op` runs in `state`.
  int64_t BytesDuring(const State& state, int32_t op) const {
    int64_t bytes = graph_.output_shape(graph_.ops[op]).elements();
    for (size_t t = 0; t < graph_.tensors.size(); ++t) {
      if (Alive(state, static_cast<int32_t>(t))) bytes += graph_.tensors[t].shape.elements();
    }
    return bytes;
  }

 private:
  bool Alive(const State& state, int32_t tensor) const {
    if (graph_.tensors[tensor].constant) return false;
    int32_t producer = links_.producer[tensor];
    if (producer >= 0 ? !state.done[producer] : tensor != graph_.input) return false;
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), tensor) != graph_.outputs.end()) {
      return true;
    }
    return std::any_of(links_.readers[tensor].begin(), links_.readers[tensor].end(),
                       [&](int32_t reader) { return !state.done[reader]; });
  }

  const Graph& graph_;
  Links links_;
};

std::vector<int32_t> GivenOrder(const Graph& graph) {
  std::vector<int32_t> order(graph.ops.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

std::vector<int32_t> OrderOps(const Graph& graph, int64_t budget) {
  if (IsChain(graph)) return GivenOrder(graph);
  OrderSearch search(graph);
  std::priority_queue<State, std::vector<State>, HigherPeak> open;
  open.push(State{0, std::string(graph.ops.size(), 0), {}});
  absl::flat_hash_set<std::string> closed;
  while (!open.empty()) {
    State state = open.top();
    open.pop();
    if (state.order.size() == graph.ops.size()) return state.order;
    if (!closed.insert(state.done).second) continue;
    for (int32_t op = 0; op < static_cast<int32_t>(graph.ops.size()); ++op) {
      if (!search.Ready(state, op)) continue;
      budget -= static_cast<int64_t>(graph.ops.size());
      if (budget < 0) return GivenOrder(graph);
      State next = state;
      next.peak = std::max(state.peak, search.BytesDuring(state, op));
      next.done[op] = 1;
      next.order.push_back(op);
      open.push(std::move(next));
    }
  }
  return GivenOrder(graph);
}

}  // namespace boardloop
