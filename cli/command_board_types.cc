// boardloop board-types: the board types that networks can be made for.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/size.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "core/space/network_limits.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists the board types that networks can be made for";

constexpr char kNotes[] =
    R"("For a network" is what the board type's reserves for stack, data and code leave. A board type is a
YAML file; BOARDLOOP_BOARDS names folders with more of them, separated by colons.
)";

nlohmann::ordered_json ToJson(const std::vector<BoardType>& boards) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const BoardType& board : boards) {
    const SpaceLimits limits = NetworkLimits(board);
    array.push_back({{"name", board.name},
                     {"description", board.description},
                     {"mcu", board.mcu},
                     {"core", board.core},
                     {"clock_hz", board.clock_hz},
                     {"ram_bytes", board.RamBytes()},
                     {"flash_bytes", board.FlashBytes()},
                     {"network_sram_bytes", limits.sram_bytes},
                     {"network_flash_bytes", limits.flash_bytes}});
  }
  return array;
}

Table ToTable(const std::vector<BoardType>& boards) {
  Table table({{"board", Align::kLeft},
               {"mcu", Align::kLeft},
               {"core", Align::kLeft},
               {"clock"},
               {"RAM"},
               {"for a network"},
               {"flash"},
               {"for a network"},
               {"description", Align::kLeft}});
  for (const BoardType& board : boards) {
    const SpaceLimits limits = NetworkLimits(board);
    table.AddRow({board.name, board.mcu, board.core,
                  absl::StrFormat("%g MHz", static_cast<double>(board.clock_hz) / 1e6),
                  FormatKb(board.RamBytes()), FormatKb(limits.sram_bytes),
                  FormatKb(board.FlashBytes()), FormatKb(limits.flash_bytes), board.description});
  }
  return table;
}

absl::StatusOr<ExitCode> RunBoardTypes(bool json) {
  std::vector<BoardType> boards;
  for (const std::string& name : BoardTypeNames()) {
    BL_ASSIGN_OR_RETURN(BoardType board, LoadBoardType(name));
    boards.push_back(std::move(board));
  }
  if (boards.empty()) return absl::NotFoundError("no board types are installed");
  BL_RETURN_IF_ERROR(WriteResults(json ? JsonText(ToJson(boards)) : ToTable(boards).Text()));
  return ExitCode::kOk;
}

}  // namespace

void AddBoardTypesCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("board-types", kHelp);
  command.footer(kNotes);
  auto json = std::make_shared<bool>(false);
  AddJson(command, *json);
  command.callback([json, &action] { action = [json] { return RunBoardTypes(*json); }; });
}

}  // namespace boardloop
