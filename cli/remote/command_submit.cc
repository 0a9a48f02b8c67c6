// boardloop submit: begins a search.

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/artifact_transfer.h"
#include "cli/remote/checkpoint_file.h"
#include "cli/remote/command_watch.h"
#include "cli/remote/commands.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_flags.h"
#include "cli/remote/search_text.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Begins a search";

constexpr char kNotes[] =
    R"(A search file is YAML or JSON with the fields of boardloop.v1.SearchSpec (docs/formats/search-file.md):
  preset: quick
  display_name: shoes for the F4
  board_type: virtual-stm32f405
  limits: {sram_bytes: 64K, latency_ms: 20}
  objective: pareto
Flags override the file, the file overrides the preset.

Exit code 3: with --validate-only, no network of the space meets the limits; latency is
judged where a search has measured networks on the board type before. With --watch: those of
`boardloop watch`.

Examples:
  boardloop submit --watch
  boardloop submit search.yaml --latency-limit-ms 15 --name shoes-15
  boardloop submit search.yaml --validate-only
  boardloop submit --dataset ~/cifar10 --dataset-kind cifar-binary --channels 3 --board virtual-stm32f746 --quiet
  boardloop submit --widths 0.2,0.3,0.5 --resolutions 28,32,40 --board virtual-stm32f746 --validate-only
)";

// Space optimization may look at thousands of networks before it answers.
constexpr absl::Duration kCreateDeadline = absl::Minutes(10);
constexpr absl::Duration kBoardsDeadline = absl::Seconds(5);
constexpr absl::Duration kWatchPatience = absl::Minutes(10);

struct SubmitFlags {
  RemoteFlags remote;
  SearchFlags search;
  std::string name;
  std::string request_id;
  bool validate_only = false;
  bool watch = false;
  bool quiet = false;
};

absl::StatusOr<v1::CreateSearchRequest> RequestFrom(Connection& connection,
                                                    const SubmitFlags& flags) {
  v1::CreateSearchRequest request;
  BL_ASSIGN_OR_RETURN(*request.mutable_search(), SearchFromFlags(flags.search));
  if (!flags.name.empty()) {
    BL_ASSIGN_OR_RETURN(const std::string name, ResourceName("searches", flags.name));
    request.set_search_id(LastPart(name));
  }
  request.set_request_id(RequestIdOr(flags.request_id));
  request.set_validate_only(flags.validate_only);
  if (flags.search.supernet.empty()) return request;
  BL_RETURN_IF_ERROR(CheckText(request));  // Before the file is sent.
  if (!absl::StartsWith(flags.search.supernet, "artifacts/")) {
    BL_RETURN_IF_ERROR(CheckCheckpointFile(flags.search.supernet));
  }
  v1::SearchSpec& spec = *request.mutable_search()->mutable_spec();
  BL_ASSIGN_OR_RETURN(const std::string artifact,
                      UploadedArtifact(connection, flags.search.supernet));
  spec.set_supernet_artifact(artifact);
  spec.clear_supernet_training();  // A file's, which the flag overrides.
  return request;
}

absl::Status WriteValidated(const v1::Search& search, bool json) {
  if (json) return WriteJson(search);
  const bool fits = search.state() != v1::Search::INFEASIBLE;
  const bool latency_judged =
      search.limits().latency_ms() == 0 ||
      (search.limit_shares_size() > 0 && search.limit_shares(0).has_over_latency());
  std::string text = "INFEASIBLE: no network of the space meets the limits\n";
  if (fits) text = "valid: networks of the space meet the limits\n";
  if (fits && !latency_judged) {
    text =
        "valid: networks of the space meet the limits of SRAM and flash; latency was not judged\n";
  }
  if (!search.message().empty()) absl::StrAppend(&text, search.message(), "\n");
  const std::string limits = LimitsText(search.limits());
  if (!limits.empty()) absl::StrAppend(&text, "limits: ", limits, "\n");
  return WriteResults(absl::StrCat(text, SpacesText(search, 0), LimitSharesText(search)));
}

absl::Status WriteCreated(const v1::Search& search, const SubmitFlags& flags) {
  if (flags.quiet) return WriteResults(search.name() + "\n");
  if (flags.remote.json) {
    return WriteJson(search, flags.watch ? JsonForm::kLine : JsonForm::kIndented);
  }
  std::string text = absl::StrFormat("%s created\n", search.name());
  if (!search.waiting_for().empty()) {
    absl::StrAppend(&text, "it waits for ", search.waiting_for(), "\n");
  }
  if (!flags.watch) absl::StrAppendFormat(&text, "boardloop watch %s\n", LastPart(search.name()));
  return WriteResults(text);
}

// Before a super-network is trained for hours. Boards may come later, and a coordinator that does not answer is not worth an error here.
void WarnOfMissingBoards(Connection& connection, const std::string& board_type) {
  if (board_type.empty()) return;
  v1::ListBoardsRequest request;
  request.set_board_type(board_type);
  request.set_page_size(1);
  const absl::StatusOr<v1::ListBoardsResponse> response =
      connection.Call(&v1::BoardService::Stub::ListBoards, request, kBoardsDeadline);
  if (!response.ok() || !response->boards().empty()) return;
  WriteMessage(absl::StrFormat(
      "warning: no board of type %s is registered: measurements will wait for one", board_type));
}

// The coordinator speaks of the fields of a request.
absl::Status InWordsOfFlags(const absl::Status& status) {
  return WithMessage(status,
                     absl::StrReplaceAll(std::string(status.message()), {{"search_id", "--name"}}));
}

absl::StatusOr<ExitCode> RunSubmit(Connection& connection, const SubmitFlags& flags) {
  BL_ASSIGN_OR_RETURN(const v1::CreateSearchRequest request, RequestFrom(connection, flags));
  const absl::StatusOr<v1::Search> search =
      connection.Call(&v1::SearchService::Stub::CreateSearch, request, kCreateDeadline);
  if (!search.ok()) return WithRequestId(InWordsOfFlags(search.status()), request.request_id());
  WarnOfMissingBoards(connection, request.search().spec().board_type());
  if (flags.validate_only) {
    BL_RETURN_IF_ERROR(WriteValidated(*search, flags.remote.json));
    return search->state() == v1::Search::INFEASIBLE ? ExitCode::kDoesNotFit : ExitCode::kOk;
  }
  BL_RETURN_IF_ERROR(WriteCreated(*search, flags));
  if (!flags.watch) return ExitCode::kOk;
  return WatchSearch(connection, search->name(), flags.remote.json, kWatchPatience);
}

}  // namespace

void AddSubmitCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("submit", kHelp)->group(kSearchGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<SubmitFlags>();
  AddSearchFlags(command, flags->search);
  command
      .add_option("--name", flags->name, "Name of the search (default: chosen by the coordinator)")
      ->type_name("ID")
      ->check(NotEmpty);
  CLI::Option* validate =
      command.add_flag("--validate-only", flags->validate_only,
                       "Say what fits, and which share of random networks each limit "
                       "refuses; begin nothing");
  command.add_flag("--watch", flags->watch, "Watch the search until it has ended")
      ->excludes(validate);
  AddRequestId(command, flags->request_id);
  AddQuiet(command, flags->quiet);
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunSubmit);
}

}  // namespace boardloop
