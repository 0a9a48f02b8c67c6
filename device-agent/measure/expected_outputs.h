// What the host's reference says that a model's outputs are, computed beside the work on the board.
#pragma once

#include <cstdint>
#include <future>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/samples.h"
#include "core/graph/model.h"

namespace boardloop {

// Test input number `seed`, as the runner makes it (firmware/runner/pattern.h).
std::vector<int8_t> PatternInput(int64_t bytes, uint32_t seed);

// Runs core/quant's interpreter on patterns 1 to `inputs` and then on `samples`, on a thread of its own.
class ExpectedOutputs {
 public:
  // `model` and `samples` (may be null) are not owned and must outlive this.
  ExpectedOutputs(const Model& model, int32_t inputs, const Samples* samples);

  // Output of pattern `seed`, waiting for it; INVALID_ARGUMENT as Interpreter::Create.
  absl::StatusOr<std::vector<int8_t>> Get(int32_t seed);
  absl::StatusOr<std::vector<int8_t>> OfSample(int64_t index);

 private:
  using Outputs = absl::StatusOr<std::vector<std::vector<int8_t>>>;
  const int32_t inputs_;
  std::shared_future<Outputs> outputs_;
};

}  // namespace boardloop
