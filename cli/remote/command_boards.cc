// boardloop boards: the boards of the farm, for those who run it.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "cli/output.h"
#include "cli/remote/board_text.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists the boards of the farm, takes them out of service and back";

constexpr char kNotes[] =
    R"(`boardloop board-types` lists what networks can be made for, without a coordinator.

Examples:
  boardloop boards list
  boardloop boards drain desk-07 --reason "new probe cable"
  boardloop boards return desk-07
)";

struct ListFlags {
  RemoteFlags remote;
  std::string board_type;
  bool quiet = false;
};

// Of show, drain, quarantine and return.
struct BoardFlags {
  RemoteFlags remote;
  std::string name;
  std::string reason;
  std::string etag;
};

template <typename Items>
std::string NamesText(const Items& items) {
  std::string text;
  for (const auto& item : items) absl::StrAppend(&text, LastPart(item.name()), "\n");
  return text;
}

template <typename Response, typename Items>
absl::StatusOr<ExitCode> WriteList(const Response& response, const Items& items, const Table& table,
                                   const ListFlags& flags) {
  BL_RETURN_IF_ERROR(flags.remote.json
                         ? WriteJson(response)
                         : WriteResults(flags.quiet ? NamesText(items) : table.Text()));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunList(Connection& connection, const ListFlags& flags) {
  v1::ListBoardsRequest request;
  request.set_board_type(flags.board_type);
  BL_ASSIGN_OR_RETURN(const v1::ListBoardsResponse response,
                      ListPages(connection, &v1::BoardService::Stub::ListBoards, request,
                                &v1::ListBoardsResponse::boards_size, /*limit=*/0));
  return WriteList(response, response.boards(), BoardsTable(response.boards(), absl::Now()), flags);
}

absl::StatusOr<ExitCode> RunTypes(Connection& connection, const ListFlags& flags) {
  BL_ASSIGN_OR_RETURN(
      const v1::ListBoardTypesResponse response,
      connection.Call(&v1::BoardService::Stub::ListBoardTypes, v1::ListBoardTypesRequest()));
  return WriteList(response, response.board_types(), FarmBoardTypesTable(response.board_types()),
                   flags);
}

// Writes the board that a call changed, the state that it has now, and what else is to be said of it.
absl::StatusOr<ExitCode> WriteChanged(const absl::StatusOr<v1::Board>& board, bool json,
                                      const std::string& note = "") {
  BL_RETURN_IF_ERROR(board.status());
  BL_RETURN_IF_ERROR(
      json ? WriteJson(*board)
           : WriteResults(absl::StrFormat("%s is %s%s\n", board->name(),
                                          v1::Board::State_Name(board->state()), note)));
  return ExitCode::kOk;
}

// Of a board that is drained once more: the coordinator leaves it as it is, the reason too.
std::string DrainedBeforeText(const v1::Board& board) {
  const std::string reason = Printable(board.reason());
  return absl::StrCat(", as it was before, ", reason.empty()
                                                  ? "without a reason"
                                                  : absl::StrCat("with the reason: ", reason));
}

absl::StatusOr<v1::Board> GetBoard(Connection& connection, const std::string& name) {
  v1::GetBoardRequest request;
  request.set_name(name);
  return connection.Call(&v1::BoardService::Stub::GetBoard, request);
}

absl::StatusOr<ExitCode> RunShow(Connection& connection, const BoardFlags& flags) {
  BL_ASSIGN_OR_RETURN(const std::string name, ResourceName("boards", flags.name));
  BL_ASSIGN_OR_RETURN(const v1::Board board, GetBoard(connection, name));
  BL_RETURN_IF_ERROR(flags.remote.json ? WriteJson(board)
                                       : WriteResults(BoardText(board, absl::Now())));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunDrain(Connection& connection, const BoardFlags& flags) {
  v1::DrainBoardRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_name(), ResourceName("boards", flags.name));
  request.set_reason(flags.reason);
  request.set_etag(flags.etag);
  BL_ASSIGN_OR_RETURN(const v1::Board before, GetBoard(connection, request.name()));
  const absl::StatusOr<v1::Board> board =
      connection.Call(&v1::BoardService::Stub::DrainBoard, request);
  const bool drained_before = before.state() == v1::Board::DRAINED;
  return WriteChanged(board, flags.remote.json,
                      drained_before && board.ok() ? DrainedBeforeText(*board) : "");
}

absl::StatusOr<ExitCode> RunQuarantine(Connection& connection, const BoardFlags& flags) {
  v1::QuarantineBoardRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_name(), ResourceName("boards", flags.name));
  request.set_reason(flags.reason);
  request.set_etag(flags.etag);
  return WriteChanged(connection.Call(&v1::BoardService::Stub::QuarantineBoard, request),
                      flags.remote.json);
}

absl::StatusOr<ExitCode> RunReturn(Connection& connection, const BoardFlags& flags) {
  v1::ReturnBoardRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_name(), ResourceName("boards", flags.name));
  return WriteChanged(connection.Call(&v1::BoardService::Stub::ReturnBoard, request),
                      flags.remote.json);
}

void AddLists(CLI::App& boards, Action& action) {
  CLI::App& list = *boards.add_subcommand("list", "Lists boards, by name");
  list.footer("Examples:\n  boardloop boards list --board-type stm32f405\n");
  auto flags = std::make_shared<ListFlags>();
  list.add_option("--board-type", flags->board_type, "Only of this type")->type_name("TYPE");
  AddQuiet(list, flags->quiet);
  AddRemoteFlags(list, flags->remote);
  RunOnServer(list, action, flags, RunList);

  CLI::App& types = *boards.add_subcommand(
      "types", "Lists the board types that the coordinator knows, with queues and predictors");
  types.footer("Examples:\n  boardloop boards types\n");
  auto type_flags = std::make_shared<ListFlags>();
  AddQuiet(types, type_flags->quiet);
  AddRemoteFlags(types, type_flags->remote);
  RunOnServer(types, action, type_flags, RunTypes);
}

// A sub-command that takes a board; `reason` names what --reason is for, nullptr: there is none.
CLI::Option* AddVerb(CLI::App& boards, Action& action, const char* name, const char* help,
                     const char* example, const char* reason,
                     absl::StatusOr<ExitCode> (*run)(Connection&, const BoardFlags&)) {
  CLI::App& verb = *boards.add_subcommand(name, help);
  verb.footer(absl::StrCat("Examples:\n  boardloop boards ", name, " ", example, "\n"));
  auto flags = std::make_shared<BoardFlags>();
  AddName(verb, flags->name, "BOARD", "Name of the board");
  CLI::Option* option = nullptr;
  if (reason != nullptr) {
    option = verb.add_option("--reason", flags->reason, reason)->type_name("TEXT");
    verb.add_option("--etag", flags->etag, "Only if the board is still as it was then")
        ->type_name("ETAG");
  }
  AddRemoteFlags(verb, flags->remote);
  RunOnServer(verb, action, flags, run);
  return option;
}

}  // namespace

void AddBoardsCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("boards", kHelp)->group(kFarmGroup);
  command.footer(kNotes);
  command.require_subcommand(0, 1);  // The callback tells a word that is no command from none.
  AddLists(command, action);
  AddVerb(command, action, "show", "Shows a board", "desk-07", nullptr, RunShow);
  AddVerb(command, action, "drain", "Takes a board out once it has finished what it does",
          "desk-07 --reason \"new cable\"", "Why, for the next person", RunDrain);
  AddVerb(command, action, "quarantine",
          "Takes a board out as faulty; what runs on it is measured elsewhere",
          "desk-07 --reason \"wrong bytes\"", "What is wrong with it", RunQuarantine)
      ->required();
  AddVerb(command, action, "return",
          "Brings a drained or quarantined board back; it is checked first", "desk-07", nullptr,
          RunReturn);
  command.allow_extras();  // Behind the commands, which would inherit it.
  command.callback([&command] {
    const std::vector<std::string> rest = command.remaining();
    if (!rest.empty()) {
      throw CLI::ExtrasError(absl::StrCat("there is no command or option \"boards ", rest[0], "\""),
                             CLI::ExitCodes::ExtrasError);
    }
    if (command.get_subcommands().empty()) {
      throw CLI::RequiredError("a command is required behind `boards`",
                               CLI::ExitCodes::RequiredError);
    }
  });
}

}  // namespace boardloop
