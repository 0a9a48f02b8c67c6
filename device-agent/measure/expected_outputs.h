// What the host's reference says that a model's outputs are, computed beside the work on the board.
#pragma once

#include <cstdint>
#include <future>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/model.h"

namespace boardloop {

// Test input number `seed`, as the runner makes it (firmware/runner/pattern.h).
std::vector<int8_t> PatternInput(int64_t bytes, uint32_t seed);

// Runs core/quant's interpreter on patterns 1 to `inputs`, on a thread of its own.
class ExpectedOutputs {
 public:
  // `model` is not owned and must outlive this.
  ExpectedOutputs(const Model& model, int32_t inputs);

  // Output of pattern `seed`, waiting for it; INVALID_ARGUMENT as Interpreter::Create.
  absl::StatusOr<std::vector<int8_t>> Get(int32_t seed);

 private:
  using Outputs = absl::StatusOr<std::vector<std::vector<int8_t>>>;
  std::shared_future<Outputs> outputs_;
};

}  // namespace boardloop
