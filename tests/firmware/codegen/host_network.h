// Runs an EngineProgram in this process, with the portable kernels and the engine's own stage.c:
// the calls, tiles and addresses of a program are tested without a compiler.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "firmware/codegen/engine_program.h"
#include "firmware/engine/engine.h"

namespace boardloop {

class HostNetwork {
 public:
  // `program` must outlive the network.
  //
  // NOT_FOUND  a kernel that is not portable
  static absl::StatusOr<std::unique_ptr<HostNetwork>> Create(const EngineProgram& program);

  struct Run {
    std::vector<int8_t> output;
    std::vector<int32_t> laps;  // Steps that the lap hook was called with.
  };
  // The arena holds garbage before the run.
  //
  // INTERNAL  something was written outside the arena, or a window outside the input was asked for
  absl::StatusOr<Run> RunOnce(absl::Span<const int8_t> input);

 private:
  explicit HostNetwork(const EngineProgram& program);
  absl::Status AddStages();
  absl::Status AddCalls(const EngineStage& stage, std::vector<bl_call>& calls);
  std::vector<uint8_t> ParamsBytes(const EngineCall& call);
  int8_t* At(const ArenaAddress& address);

  const EngineProgram& program_;
  std::vector<uint32_t> constants_;            // Aligned as in flash.
  std::vector<std::vector<uint32_t>> arenas_;  // By region, with guards around.
  // What the C structs point to; deques keep addresses.
  std::deque<std::vector<uint64_t>> params_;
  std::deque<std::vector<bl_call>> calls_;
  std::deque<std::vector<bl_tile_axis>> axes_;
  std::deque<std::vector<bl_input_range>> ranges_;
  std::vector<bl_stage> stages_;
  bl_network network_ = {};
};

}  // namespace boardloop
