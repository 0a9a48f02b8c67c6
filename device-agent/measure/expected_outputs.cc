#include "device-agent/measure/expected_outputs.h"

#include "core/base/status.h"
#include "core/quant/interpreter.h"
#include "firmware/runner/pattern.h"

namespace boardloop {
namespace {

absl::StatusOr<std::vector<std::vector<int8_t>>> Compute(const Model& model, int32_t inputs,
                                                         const Samples* samples) {
  BL_ASSIGN_OR_RETURN(Interpreter interpreter, Interpreter::Create(model));
  const int64_t bytes = model.graph.shape(model.graph.input).elements();
  std::vector<std::vector<int8_t>> outputs;
  for (int32_t seed = 1; seed <= inputs; ++seed) {
    BL_RETURN_IF_ERROR(interpreter.Run(PatternInput(bytes, static_cast<uint32_t>(seed))));
    const absl::Span<const int8_t> output = interpreter.Output();
    outputs.emplace_back(output.begin(), output.end());
  }
  for (int64_t i = 0; samples != nullptr && i < samples->size(); ++i) {
    BL_RETURN_IF_ERROR(interpreter.Run(samples->input(i)));
    const absl::Span<const int8_t> output = interpreter.Output();
    outputs.emplace_back(output.begin(), output.end());
  }
  return outputs;
}

}  // namespace

std::vector<int8_t> PatternInput(int64_t bytes, uint32_t seed) {
  std::vector<int8_t> input(static_cast<size_t>(bytes));
  bl_pattern_read(seed, 0, static_cast<uint32_t>(bytes), input.data());
  return input;
}

ExpectedOutputs::ExpectedOutputs(const Model& model, int32_t inputs, const Samples* samples)
    : inputs_(inputs), outputs_(std::async(std::launch::async, [&model, inputs, samples] {
                                  return Compute(model, inputs, samples);
                                }).share()) {}

absl::StatusOr<std::vector<int8_t>> ExpectedOutputs::Get(int32_t seed) {
  const Outputs& outputs = outputs_.get();
  if (!outputs.ok()) return outputs.status();
  return outputs->at(static_cast<size_t>(seed - 1));
}

absl::StatusOr<std::vector<int8_t>> ExpectedOutputs::OfSample(int64_t index) {
  return Get(static_cast<int32_t>(inputs_ + 1 + index));
}

}  // namespace boardloop
