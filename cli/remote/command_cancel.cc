// boardloop cancel: stops a search or a measurement.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Stops a search or a measurement";

constexpr char kNotes[] =
    R"(What a search has found so far is kept. A search that is cancelled already stays so; one that has
ended otherwise is refused.

Examples:
  boardloop cancel quick-fox
  boardloop cancel measurements/17
)";

struct CancelFlags {
  RemoteFlags remote;
  std::string name;
  std::string etag;
};

absl::Status CancelMeasurement(Connection& connection, const CancelFlags& flags) {
  v1::CancelMeasurementRequest request;
  request.set_name(flags.name);
  BL_ASSIGN_OR_RETURN(const v1::MeasurementJob job,
                      connection.Call(&v1::MeasureService::Stub::CancelMeasurement, request));
  if (flags.remote.json) return WriteJson(job);
  return WriteResults(
      absl::StrFormat("%s is %s\n", job.name(), v1::MeasurementJob::State_Name(job.state())));
}

absl::Status CancelSearch(Connection& connection, const CancelFlags& flags) {
  v1::CancelSearchRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_name(), ResourceName("searches", flags.name));
  request.set_etag(flags.etag);
  BL_ASSIGN_OR_RETURN(const v1::Search search,
                      connection.Call(&v1::SearchService::Stub::CancelSearch, request));
  if (flags.remote.json) return WriteJson(search);
  return WriteResults(
      absl::StrFormat("%s is %s\n", search.name(), v1::Search::State_Name(search.state())));
}

absl::StatusOr<ExitCode> RunCancel(Connection& connection, const CancelFlags& flags) {
  BL_RETURN_IF_ERROR(absl::StartsWith(flags.name, "measurements/")
                         ? CancelMeasurement(connection, flags)
                         : CancelSearch(connection, flags));
  return ExitCode::kOk;
}

}  // namespace

void AddCancelCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("cancel", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<CancelFlags>();
  AddName(command, flags->name, "SEARCH", "Name of the search, or measurements/NAME");
  command.add_option("--etag", flags->etag, "Only if the search is still as it was then")
      ->type_name("ETAG");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunCancel);
}

}  // namespace boardloop
