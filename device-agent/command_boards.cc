// boardloop-agent boards: the board types that can be measured on, or the boards of a bench.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "device-agent/command.h"
#include "device-agent/measure/bench.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists the board types to measure on, or the boards of a bench file";

constexpr char kNotes[] = R"(Examples:
  boardloop-agent boards
  boardloop-agent boards --bench bench.yaml

A type whose firmware is "-" can be planned for, not measured on. Virtual boards need nothing but this
program: their cycles are MODELLED, never MEASURED.
)";

struct Flags {
  std::string bench;
  bool json = false;
};

std::string TimingText(const BoardType& board) {
  if (!board.support.has_value()) return "-";
  const Timing& timing = board.support->timing;
  return timing.source == Timing::Source::kModel ? "MODELLED: " + timing.model : "MEASURED";
}

absl::Status WriteTypes(bool json) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  Table table({{"board type", Align::kLeft},
               {"mcu", Align::kLeft},
               {"core", Align::kLeft},
               {"clock"},
               {"RAM"},
               {"flash"},
               {"firmware", Align::kLeft},
               {"timing", Align::kLeft}});
  for (const std::string& name : BoardTypeNames()) {
    BL_ASSIGN_OR_RETURN(const BoardType board, LoadBoardType(name));
    const bool supported = board.support.has_value();
    const std::string timing = TimingText(board);
    table.AddRow({board.name, board.mcu, board.core,
                  absl::StrFormat("%g MHz", static_cast<double>(board.clock_hz) / 1e6),
                  FormatKb(board.RamBytes()), FormatKb(board.FlashBytes()),
                  supported ? board.support->firmware : "-", timing});
    array.push_back({{"name", board.name},
                     {"mcu", board.mcu},
                     {"core", board.core},
                     {"clock_hz", board.clock_hz},
                     {"ram_bytes", board.RamBytes()},
                     {"flash_bytes", board.FlashBytes()},
                     {"measurable", supported},
                     {"virtual", supported && board.support->is_virtual},
                     {"timing", timing}});
  }
  return WriteResults(json ? JsonText(array) : table.Text());
}

absl::Status WriteBench(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const std::vector<BenchBoard> boards, LoadBench(flags.bench));
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  Table table({{"board", Align::kLeft},
               {"type", Align::kLeft},
               {"probe", Align::kLeft},
               {"serial", Align::kLeft}});
  for (const BenchBoard& board : boards) {
    table.AddRow({board.name, board.type, ProbeKindName(board.probe), board.serial});
    array.push_back({{"name", board.name},
                     {"type", board.type},
                     {"probe", ProbeKindName(board.probe)},
                     {"serial", board.serial}});
  }
  return WriteResults(flags.json ? JsonText(array) : table.Text());
}

}  // namespace

void AddBoardTypesCommand(CLI::App& program, AgentAction& action) {
  CLI::App& command = *program.add_subcommand("boards", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command.add_option("--bench", flags->bench, "List the boards of this file")
      ->type_name("FILE.yaml");
  AddJson(command, flags->json);
  command.callback([flags, &action] {
    action = [flags]() -> absl::StatusOr<int> {
      BL_RETURN_IF_ERROR(flags->bench.empty() ? WriteTypes(flags->json) : WriteBench(*flags));
      return 0;
    };
  });
}

}  // namespace boardloop
