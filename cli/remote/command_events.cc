// boardloop events: what happened.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/remote/commands.h"
#include "cli/remote/event_reader.h"
#include "cli/remote/json.h"
#include "cli/remote/names.h"
#include "cli/remote/remote_flags.h"
#include "cli/remote/search_text.h"
#include "cli/remote/search_watcher.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Prints what happened in a search, or in the farm";

constexpr char kNotes[] =
    R"(Oldest first. Without a name: events of boards, workers and agents. --follow goes on until the search
has ended, or for ever; when the coordinator goes away it waits for it.

Examples:
  boardloop events quick-fox --tail 20
  boardloop events --follow
  boardloop events --json | jq 'select(.kind == "BOARD_QUARANTINED")'
)";

struct EventsFlags {
  RemoteFlags remote;
  std::string name;
  bool follow = false;
  int32_t tail = 0;
  double interval_s = 2;
  int32_t patience_s = 600;
};

absl::Status Write(const std::vector<v1::Event>& events, const EventsFlags& flags,
                   const std::string& subject) {
  std::string text;
  for (const v1::Event& event : events) {
    if (flags.remote.json) {
      BL_ASSIGN_OR_RETURN(const std::string line, MessageJson(event, JsonForm::kLine));
      text += line;
    } else {
      absl::StrAppend(&text, EventText(event, subject), "\n");
    }
  }
  return WriteResults(text);
}

// Whether more can come. Asked before events are read, so that the last ones are not missed.
absl::StatusOr<bool> GoesOn(Connection& connection, const std::string& search) {
  if (search.empty()) return true;
  v1::GetSearchRequest request;
  request.set_name(search);
  BL_ASSIGN_OR_RETURN(const v1::Search found,
                      connection.Call(&v1::SearchService::Stub::GetSearch, request));
  return !HasEnded(found);
}

// One round of --follow: prints what is new; false when nothing will follow.
absl::StatusOr<bool> Follow(Connection& connection, EventReader& reader, const EventsFlags& flags,
                            const std::string& search) {
  BL_ASSIGN_OR_RETURN(const bool goes_on, GoesOn(connection, search));
  BL_ASSIGN_OR_RETURN(const std::vector<v1::Event> events, reader.Next());
  BL_RETURN_IF_ERROR(Write(events, flags, search));
  return goes_on;
}

absl::StatusOr<ExitCode> RunEvents(Connection& connection, const EventsFlags& flags) {
  std::string search;
  if (!flags.name.empty()) {
    BL_ASSIGN_OR_RETURN(search, ResourceName("searches", flags.name));
  }
  EventReader reader(connection, search);
  BL_ASSIGN_OR_RETURN(std::vector<v1::Event> events, reader.Next());
  if (flags.tail > 0 && events.size() > static_cast<size_t>(flags.tail)) {
    events.erase(events.begin(), events.end() - flags.tail);
  }
  BL_RETURN_IF_ERROR(Write(events, flags, search));
  if (!flags.follow) return ExitCode::kOk;
  while (true) {
    const absl::StatusOr<bool> goes_on = Follow(connection, reader, flags, search);
    if (goes_on.ok() && !*goes_on) return ExitCode::kOk;
    if (!goes_on.ok()) {
      if (!IsUnreachable(goes_on.status())) return goes_on.status();
      WriteMessage(
          absl::StrCat("connection lost, trying again: ", std::string(goes_on.status().message())));
      if (!connection.AwaitServer(absl::Seconds(flags.patience_s))) return goes_on.status();
    }
    absl::SleepFor(absl::Seconds(flags.interval_s));
  }
}

}  // namespace

void AddEventsCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("events", kHelp)->group(kFarmGroup);
  command.footer(kNotes);
  auto flags = std::make_shared<EventsFlags>();
  command.add_option("name", flags->name, "Name of a search")->type_name("SEARCH");
  command.add_flag("-f,--follow", flags->follow, "Go on with those that come");
  AddInteger(command, "--tail", flags->tail, 0, 1000000,
             "Of the events that are there, print the last so many alone; 0: all");
  AddNumber(command, "--interval", flags->interval_s, 0, 3600,
            "Seconds between looks with --follow (default: 2)");
  AddInteger(command, "--patience", flags->patience_s, 0, 1000000,
             "Seconds that the coordinator may be away");
  AddRemoteFlags(command, flags->remote);
  RunOnServer(command, action, flags, RunEvents);
}

}  // namespace boardloop
