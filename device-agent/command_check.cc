// boardloop-agent check: what is wrong with a set-up, and is a board fit to be measured on?

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/table.h"
#include "core/base/status.h"
#include "device-agent/board_flags.h"
#include "device-agent/command.h"
#include "device-agent/measure/self_check.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Checks the tools, the probes on USB, and a board with a golden model";

constexpr char kNotes[] = R"(Examples:
  boardloop-agent check
  boardloop-agent check --board virtual-stm32f405
  boardloop-agent check --bench bench.yaml                  # all its boards
  boardloop-agent check --bench bench.yaml --board nucleo-1 --clear

A board whose probe hung three times in a row is wedged and not measured on; --clear lets it be used
again if the check succeeds. Exit code 1: something is wrong.
)";

struct Flags {
  BoardFlags board;
  bool clear = false;
  bool json = false;
};

const char* VerdictName(CheckItem::Verdict verdict) {
  switch (verdict) {
    case CheckItem::Verdict::kGood:
      return "good";
    case CheckItem::Verdict::kAbsent:
      return "absent";
    case CheckItem::Verdict::kBad:
      break;
  }
  return "BAD";
}

CheckItem Bad(const std::string& name, const absl::Status& status) {
  return {name, CheckItem::Verdict::kBad, std::string(status.message())};
}

std::vector<CheckItem> CheckOneBoard(const BoardFlags& flags, bool clear) {
  absl::StatusOr<std::unique_ptr<Board>> board = OpenBoard(flags);
  if (!board.ok()) return {Bad("board", board.status())};
  absl::StatusOr<Builder> builder = MakeBuilder(flags);
  if (!builder.ok()) return {Bad("board", builder.status())};
  const std::string wedged = (*board)->state().wedged();
  if (clear && !wedged.empty()) {
    const absl::Status cleared = (*board)->state().ClearWedged();
    if (!cleared.ok()) return {Bad("board", cleared)};
  }
  std::vector<CheckItem> items = CheckBoard(**board, *builder, IgnoreSteps).items;
  if (clear && !wedged.empty() && !AllGood(items)) {
    const absl::Status kept = (*board)->state().MarkWedged(wedged);
    if (!kept.ok()) items.push_back(Bad("board", kept));
  }
  return items;
}

absl::StatusOr<std::vector<std::string>> BoardsToCheck(const BoardFlags& flags) {
  std::vector<std::string> names;
  if (!flags.board.empty()) names.push_back(flags.board);
  if (!flags.board.empty() || flags.bench.empty()) return names;
  BL_ASSIGN_OR_RETURN(const std::vector<BenchBoard> boards, LoadBench(flags.bench));
  for (const BenchBoard& board : boards) names.push_back(board.name);
  return names;
}

absl::Status WriteItems(const std::vector<CheckItem>& items, bool json) {
  if (!json) {
    std::string text;
    for (const CheckItem& item : items) {
      absl::StrAppend(&text, VerdictName(item.verdict), "\t", item.name, ": ", item.text, "\n");
    }
    return WriteResults(text);
  }
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const CheckItem& item : items) {
    array.push_back(
        {{"check", item.name}, {"verdict", VerdictName(item.verdict)}, {"text", item.text}});
  }
  return WriteResults(JsonText(array));
}

absl::StatusOr<int> RunCheck(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const std::vector<std::string> names, BoardsToCheck(flags.board));
  std::vector<CheckItem> items = CheckTools();
  const auto add = [&](std::vector<CheckItem> more) {
    for (CheckItem& item : more) items.push_back(std::move(item));
  };
  add(CheckUsb(ListUsbProbes()));
  for (const std::string& name : names) {
    BoardFlags one = flags.board;
    one.board = name;
    add(CheckOneBoard(one, flags.clear));
  }
  BL_RETURN_IF_ERROR(WriteItems(items, flags.json));
  return AllGood(items) ? 0 : 1;
}

}  // namespace

void AddCheckCommand(CLI::App& program, AgentAction& action) {
  CLI::App& command = *program.add_subcommand("check", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddBoardFlags(command, flags->board);
  command.add_flag("--clear", flags->clear, "Let a wedged board be used again if it passes");
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunCheck(*flags); }; });
}

}  // namespace boardloop
