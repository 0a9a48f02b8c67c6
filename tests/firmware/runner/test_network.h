// A hand-written network for tests of runner and builder: its output is its input with every bit of
// 0x55 flipped, and what else a test wants to happen happens in the run.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/build/builder.h"
#include "device-agent/build/image_builder.h"
#include "firmware/engine/engine.h"

namespace boardloop {

struct TestNetwork {
  int height = 4, width = 6, channels = 3;
  bool streamed = false;      // Input by read_input, two rows at a time.
  int64_t arena_bytes = 160;  // Input and output, 72 B each, and a bit.
  int engine_version = BL_ENGINE_VERSION;
  std::string globals;      // C, before the functions.
  std::string body;         // C, at the end of a run, after the laps of steps 0 and 1.
  int64_t flash_bytes = 0;  // Of additional constants.

  int input_bytes() const { return height * width * channels; }
};

ImageInputs InputsFor(const TestNetwork& network);

// Shared by all tests of a build tree, which run as processes of their own: beside the programs.
std::string SharedBuildCache();

// Builds in `cache_folder`, with the compiler in PATH and the sources of this tree.
absl::StatusOr<FirmwareImage> BuildTestImage(const BoardType& board, const TestNetwork& network,
                                             const std::string& cache_folder);

}  // namespace boardloop
