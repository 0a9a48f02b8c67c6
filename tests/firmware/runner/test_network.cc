#include "tests/firmware/runner/test_network.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status.h"
#include "device-agent/build/build_cache.h"
#include "device-agent/build/firmware_sources.h"
#include "device-agent/build/toolchain.h"

namespace boardloop {
namespace {

constexpr char kSource[] = R"(
#include <stddef.h>
#include <string.h>

#include "firmware/engine/engine.h"
#include "firmware/runner/assert.h"

#define HEIGHT @height
#define WIDTH @width
#define CHANNELS @channels
#define ROW_BYTES (WIDTH * CHANNELS)
#define INPUT_BYTES (HEIGHT * ROW_BYTES)

int8_t test_arena0[@arena] __attribute__((aligned(4), section(".bl_arena.0")));
static int8_t* const input = test_arena0;
static int8_t* const output = test_arena0 + INPUT_BYTES;
@globals
static void flip(int32_t first, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[first + i] = input[first + i] ^ 0x55;
}

static void read_and_flip(const bl_hooks* hooks) {
  for (int32_t row = 0; row < HEIGHT; row += 2) {
    hooks->read_input(hooks->context, row, 0, 2, WIDTH, input + row * ROW_BYTES);
    flip(row * ROW_BYTES, 2 * ROW_BYTES);
  }
}

static void run(const bl_network* network, const bl_hooks* hooks) {
  if (network->input == NULL) {
    read_and_flip(hooks);
  } else {
    flip(0, INPUT_BYTES);
  }
  if (hooks->lap != NULL) hooks->lap(0);
  if (hooks->lap != NULL) hooks->lap(1);
  @body
}

@constants
const bl_network test_network = {
    .engine_version = @version,
    .step_count = 3,
    .input = @input,
    .input_height = HEIGHT,
    .input_width = WIDTH,
    .input_channels = CHANNELS,
    .output = test_arena0 + INPUT_BYTES,
    .output_bytes = INPUT_BYTES,
    .run = run,
};
)";

}  // namespace

ImageInputs InputsFor(const TestNetwork& network) {
  std::string constants;
  if (network.flash_bytes > 0) {
    constants = absl::StrCat("__attribute__((used)) const uint8_t padding[", network.flash_bytes,
                             "] = {1};");
  }
  ImageInputs inputs;
  inputs.network = "test_network";
  inputs.files = {
      {"network.c",
       absl::StrReplaceAll(kSource, {{"@height", absl::StrCat(network.height)},
                                     {"@width", absl::StrCat(network.width)},
                                     {"@channels", absl::StrCat(network.channels)},
                                     {"@arena", absl::StrCat(network.arena_bytes)},
                                     {"@globals", network.globals},
                                     {"@body", network.body},
                                     {"@constants", constants},
                                     {"@version", absl::StrCat(network.engine_version)},
                                     {"@input", network.streamed ? "NULL" : "test_arena0"}})}};
  inputs.engine_sources = {"firmware/engine/stage.c"};
  inputs.arena_bytes = {network.arena_bytes};
  inputs.step_capacity = 3;
  if (network.flash_bytes > 0) inputs.keep = {"padding"};
  return inputs;
}

std::string SharedBuildCache() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / "firmware-cache").string();
}

absl::StatusOr<FirmwareImage> BuildTestImage(const BoardType& board, const TestNetwork& network,
                                             const std::string& cache_folder) {
  BL_ASSIGN_OR_RETURN(const Toolchain toolchain, FindToolchain());
  BL_ASSIGN_OR_RETURN(const std::string sources, FindFirmwareSources());
  BL_ASSIGN_OR_RETURN(const BuildCache cache, BuildCache::Open(cache_folder));
  return ImageBuilder(toolchain, cache, sources, /*jobs=*/0).Build(board, InputsFor(network));
}

}  // namespace boardloop
