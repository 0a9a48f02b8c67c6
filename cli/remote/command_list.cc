// boardloop list: the searches of a coordinator, or its measurements.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/measurement_text.h"
#include "cli/remote/pages.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Lists searches, newest first";

constexpr char kNotes[] =
    R"(Examples:
  boardloop list --state running
  boardloop list --measurements --limit 5
  boardloop list --limit 0 --json | jq '.searches[] | select(.progress.best_top1 > 0.9) | .name'
)";

struct ListFlags {
  RemoteFlags remote;
  v1::Search::State state = v1::Search::STATE_UNSPECIFIED;
  bool measurements = false;
  bool quiet = false;
  int32_t limit = 50;
};

// As other commands take them: those of searches without their collection.
template <typename Items>
std::string NamesText(const Items& items) {
  std::string text;
  for (const auto& item : items) {
    absl::StrAppend(&text, absl::StripPrefix(item.name(), "searches/"), "\n");
  }
  return text;
}

template <typename Response, typename Items>
absl::Status Write(const Response& response, const Items& items, const Table& table,
                   const ListFlags& flags) {
  if (flags.remote.json) return WriteJson(response);
  BL_RETURN_IF_ERROR(WriteResults(flags.quiet ? NamesText(items) : table.Text()));
  if (!response.next_page_token().empty() && !flags.quiet) {
    WriteMessage(absl::StrFormat("there are more than %d; --limit 0 prints all", flags.limit));
  }
  return absl::OkStatus();
}

absl::Status ListSearches(Connection& connection, const ListFlags& flags) {
  v1::ListSearchesRequest request;
  request.set_state(flags.state);
  BL_ASSIGN_OR_RETURN(const v1::ListSearchesResponse response,
                      ListPages(connection, &v1::SearchService::Stub::ListSearches, request,
                                &v1::ListSearchesResponse::searches_size, flags.limit));
  return Write(response, response.searches(), SearchesTable(response.searches(), absl::Now()),
               flags);
}

absl::Status ListMeasurements(Connection& connection, const ListFlags& flags) {
  BL_ASSIGN_OR_RETURN(const v1::ListMeasurementsResponse response,
                      ListPages(connection, &v1::MeasureService::Stub::ListMeasurements,
                                v1::ListMeasurementsRequest(),
                                &v1::ListMeasurementsResponse::measurements_size, flags.limit));
  return Write(response, response.measurements(),
               MeasurementJobsTable(response.measurements(), absl::Now()), flags);
}

absl::StatusOr<ExitCode> RunList(Connection& connection, const ListFlags& flags) {
  BL_RETURN_IF_ERROR(flags.measurements ? ListMeasurements(connection, flags)
                                        : ListSearches(connection, flags));
  return ExitCode::kOk;
}

}  // namespace

void AddListCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("list", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<ListFlags>();
  CLI::Option* state = AddChoice<v1::Search::State>(command, "--state", flags->state,
                                                    {{"running", v1::Search::RUNNING},
                                                     {"succeeded", v1::Search::SUCCEEDED},
                                                     {"infeasible", v1::Search::INFEASIBLE},
                                                     {"failed", v1::Search::FAILED},
                                                     {"cancelled", v1::Search::CANCELLED}},
                                                    "Only those in this state");
  command
      .add_flag("--measurements", flags->measurements,
                "List measurements of models (`boardloop measure`) instead")
      ->excludes(state);
  AddLimit(command, flags->limit, "of them");
  AddQuiet(command, flags->quiet);
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunList);
}

}  // namespace boardloop
