// boardloop show: all that is known of a search, a candidate, a measurement or a board.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/output.h"
#include "cli/remote/board_text.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/measurement_text.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Shows a search, or what another name stands for";

constexpr char kNotes[] =
    R"(NAME is a search ("quick-fox", "searches/quick-fox"), a candidate of one ("quick-fox/candidates/47"),
or "measurements/...", "boards/...".

Examples:
  boardloop show quick-fox
  boardloop show quick-fox/candidates/47
  boardloop show quick-fox --json | jq .spec > again.json
)";

struct ShowFlags {
  RemoteFlags remote;
  std::string name;
};

// Asks for `name` with `method` and writes what `text` makes of the answer.
template <typename Stub, typename Request, typename Response, typename Text>
absl::Status Show(Connection& connection,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const std::string& name, bool json, const Text& text) {
  Request request;
  request.set_name(name);
  BL_ASSIGN_OR_RETURN(const Response response, connection.Call(method, request));
  return json ? WriteJson(response) : WriteResults(text(response));
}

absl::Status ShowName(Connection& connection, const std::string& name, bool json) {
  const absl::Time now = absl::Now();
  if (absl::StrContains(name, "/candidates/")) {
    return Show(connection, &v1::SearchService::Stub::GetCandidate,
                absl::StartsWith(name, "searches/") ? name : "searches/" + name, json,
                CandidateText);
  }
  if (absl::StartsWith(name, "measurements/")) {
    return Show(connection, &v1::MeasureService::Stub::GetMeasurement, name, json,
                [now](const v1::MeasurementJob& job) {
                  return MeasurementJobText(job, now, /*layers=*/true);
                });
  }
  if (absl::StartsWith(name, "boards/")) {
    return Show(connection, &v1::BoardService::Stub::GetBoard, name, json,
                [now](const v1::Board& board) { return BoardText(board, now); });
  }
  BL_ASSIGN_OR_RETURN(const std::string search, ResourceName("searches", name));
  return Show(connection, &v1::SearchService::Stub::GetSearch, search, json,
              [now](const v1::Search& found) { return SearchText(found, now); });
}

absl::StatusOr<ExitCode> RunShow(Connection& connection, const ShowFlags& flags) {
  BL_RETURN_IF_ERROR(ShowName(connection, flags.name, flags.remote.json));
  return ExitCode::kOk;
}

}  // namespace

void AddShowCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("show", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<ShowFlags>();
  AddName(command, flags->name, "SEARCH", "What to show");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunShow);
}

}  // namespace boardloop
