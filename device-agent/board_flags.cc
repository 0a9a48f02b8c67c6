#include "device-agent/board_flags.h"

#include <filesystem>
#include <utility>

#include "cli/options.h"
#include "core/base/status.h"
#include "device-agent/build/firmware_sources.h"

namespace boardloop {

void AddBoardFlags(CLI::App& command, BoardFlags& flags) {
  command
      .add_option("--board", flags.board,
                  "Board of the bench file, or a type of virtual board (virtual-stm32f405), which "
                  "is started for this")
      ->type_name("NAME");
  command
      .add_option("--bench", flags.bench, "The boards that are connected (docs/formats/bench.md)")
      ->type_name("FILE.yaml");
  AddChoice<ProbeKind>(command, "--probe", flags.probe,
                       {{"openocd", ProbeKind::kOpenOcd}, {"pyocd", ProbeKind::kPyOcd}},
                       "Tool that drives a virtual board; a bench file says it for its boards");
  command.add_option("--state", flags.state, "Folder of what is remembered of boards")
      ->type_name("FOLDER")
      ->default_str("~/.local/state/boardloop");
  command.add_option("--cache", flags.cache, "Folder of compiled firmware")
      ->type_name("FOLDER")
      ->default_str("~/.cache/boardloop");
  command
      .add_option("--fault", flags.faults,
                  "Fault that a virtual board shall have (docs/virtual-board.md); for tests")
      ->type_name("SPEC");
}

absl::StatusOr<std::unique_ptr<Board>> OpenBoard(const BoardFlags& flags) {
  Board::Options options;
  // Absolute: the probes' tools run in other folders.
  options.state_root =
      flags.state.empty() ? DefaultStateFolder() : std::filesystem::absolute(flags.state).string();
  options.faults = flags.faults;
  if (flags.board.empty()) {
    return absl::InvalidArgumentError(
        "--board is needed: a virtual board's type, or with --bench "
        "a board's name (see --help)");
  }
  if (flags.bench.empty()) return Board::OpenVirtual(flags.board, flags.probe, options);
  BL_ASSIGN_OR_RETURN(const std::vector<BenchBoard> boards, LoadBench(flags.bench));
  BL_ASSIGN_OR_RETURN(const BenchBoard board, FindBenchBoard(boards, flags.board));
  return Board::Open(board, options);
}

absl::StatusOr<Builder> MakeBuilder(const BoardFlags& flags) {
  BL_ASSIGN_OR_RETURN(Toolchain toolchain, FindToolchain());
  Builder::Options options;
  options.cache_folder = flags.cache.empty() ? DefaultCacheFolder() : flags.cache;
  BL_ASSIGN_OR_RETURN(options.source_folder, FindFirmwareSources());
  return Builder(std::move(toolchain), std::move(options));
}

}  // namespace boardloop
