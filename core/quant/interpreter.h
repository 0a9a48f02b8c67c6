// The int8 interpreter: runs a Model with the arithmetic of TFLite's reference kernels (int32
// accumulators, double rounding). It is the truth that generated code and boards are held to, bit
// for bit. Plain C++, no threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/graph/model.h"

namespace boardloop {

// Not thread-safe: one per thread. Creating one costs little; the model is shared.
class Interpreter {
 public:
  static constexpr int64_t kMaxBytes = int64_t{1} << 30;  // Of all activations together.

  // Derives the fixed-point parameters of every operator. `model` is not owned and must outlive it.
  //
  // INVALID_ARGUMENT    the model is invalid (ValidateModel), or a scale leaves the range that int32
  //                     arithmetic represents; the message names the operator
  // RESOURCE_EXHAUSTED  activations or scratch above kMaxBytes
  static absl::StatusOr<Interpreter> Create(const Model& model);

  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;
  ~Interpreter();

  // Runs the network. `input` has input_shape.elements() values in HWC order.
  //
  // INVALID_ARGUMENT  wrong size of `input`
  absl::Status Run(absl::Span<const int8_t> input);

  // Values of a tensor after Run: any tensor of the graph.
  absl::Span<const int8_t> Tensor(int32_t tensor) const;
  // Of the graph's first output.
  absl::Span<const int8_t> Output() const;

 private:
  struct State;
  explicit Interpreter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace boardloop
