#include "cli/remote/board_text.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/remote/format.h"
#include "cli/remote/names.h"
#include "cli/size.h"

namespace boardloop {
namespace {

std::string QueueText(const v1::BoardType& type) {
  if (type.queued() == 0) return "-";
  return absl::StrFormat("%d for %s", type.queued(),
                         DurationText(absl::Seconds(type.oldest_queued_seconds())));
}

std::string PredictorText(const v1::BoardType& type) {
  if (type.predictor_measurements() == 0) return "-";
  return absl::StrFormat("±%.1f %% (%s)", type.predictor_error_percent(),
                         FormatInteger(type.predictor_measurements()));
}

std::string TasksText(const v1::Member& member) {
  std::vector<std::string> tasks;
  for (const std::string& task : member.tasks()) tasks.push_back(LastPart(task));
  return tasks.empty() ? "-" : absl::StrJoin(tasks, ", ");
}

}  // namespace

Table BoardsTable(const google::protobuf::RepeatedPtrField<v1::Board>& boards, absl::Time now) {
  Table table({{"board", Align::kLeft},
               {"type", Align::kLeft},
               {"state", Align::kLeft},
               {"task", Align::kLeft},
               {"agent", Align::kLeft},
               {"measured"},
               {"erases"},
               {"checked"},
               {"reason", Align::kLeft}});
  for (const v1::Board& board : boards) {
    table.AddRow({LastPart(board.name()), board.board_type(), v1::Board::State_Name(board.state()),
                  board.task().empty() ? "-" : LastPart(board.task()), LastPart(board.agent()),
                  FormatInteger(board.measurements()), FormatInteger(board.sector_erases()),
                  AgoText(board.check_time(), now), board.reason()});
  }
  return table;
}

std::string BoardText(const v1::Board& board, absl::Time now) {
  std::string text;
  AppendField("name", board.name(), &text);
  AppendField(
      "type",
      absl::StrCat(board.board_type(), board.virtual_() ? " (virtual: latency is modelled)" : ""),
      &text);
  AppendField("state", v1::Board::State_Name(board.state()), &text);
  AppendField("reason", board.reason(), &text);
  AppendField("task", board.task(), &text);
  AppendField("agent", board.agent(), &text);
  AppendField("unique id", board.unique_id(), &text);
  AppendField("probe", board.probe(), &text);
  AppendField("measured", FormatInteger(board.measurements()) + " times", &text);
  AppendField("erases", FormatInteger(board.sector_erases()) + " flash sectors", &text);
  AppendField("failures", absl::StrFormat("%d in a row", board.failures()), &text);
  AppendField("checked", AgoText(board.check_time(), now), &text);
  AppendField("changed", AgoText(board.update_time(), now), &text);
  AppendField("etag", board.etag(), &text);
  return text;
}

Table FarmBoardTypesTable(const google::protobuf::RepeatedPtrField<v1::BoardType>& types) {
  Table table({{"type", Align::kLeft},
               {"core", Align::kLeft},
               {"clock"},
               {"SRAM"},
               {"flash"},
               {"boards"},
               {"in service"},
               {"queue"},
               {"prediction"},
               {"description", Align::kLeft}});
  for (const v1::BoardType& type : types) {
    table.AddRow({type.name(), type.core(),
                  absl::StrFormat("%g MHz", static_cast<double>(type.clock_hz()) / 1e6),
                  FormatKb(type.sram_bytes()), FormatKb(type.flash_bytes()),
                  absl::StrCat(type.boards()), absl::StrCat(type.boards_in_service()),
                  QueueText(type), PredictorText(type), type.description()});
  }
  return table;
}

Table MembersTable(const google::protobuf::RepeatedPtrField<v1::Member>& members, absl::Time now) {
  Table table({{"name", Align::kLeft},
               {"kind", Align::kLeft},
               {"state", Align::kLeft},
               {"device", Align::kLeft},
               {"tasks", Align::kLeft},
               {"done"},
               {"last call"},
               {"version", Align::kLeft}});
  for (const v1::Member& member : members) {
    table.AddRow({LastPart(member.name()), v1::Member::Kind_Name(member.kind()),
                  v1::Member::State_Name(member.state()), member.device(), TasksText(member),
                  FormatInteger(member.tasks_done()), AgoText(member.last_call_time(), now),
                  member.version()});
  }
  return table;
}

}  // namespace boardloop
