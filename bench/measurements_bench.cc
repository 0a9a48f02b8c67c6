// Candidate measurements an hour: a coordinator, a device agent with virtual boards, and a queue of random subnets of the quick preset's
// space, all real programs. Prints the rate, the share of time in which boards did not work although work was queued, and flash erases.
//
//   build/release/bench/measurements_bench
#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/farm.h"
#include "bench/measurement_queue.h"
#include "boardloop/v1/board_service.grpc.pb.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr char kNotes[] =
    R"(Boards and programs share this machine's processors: run it on an idle one.

Counted is the time in which every board had work: from the first result of the board that began last to the last
result of the board that ended first. A board works while the agent connects to it, writes to it and runs on it; what
remains is idle: the agent prepares the next network, or waits for the coordinator.
)";

constexpr absl::Duration kLook = absl::Milliseconds(500);
constexpr int64_t kMaxLog = 1 << 24;

struct Flags {
  std::string board_type = "virtual-stm32f405";
  int32_t boards = 2;
  int32_t networks = 400;
  int32_t minutes = 10;
  std::string cache;
  uint64_t seed = 1;
  bool json = false;
};

// Of one measurement.
struct Measured {
  int64_t end_ms = 0;
  double board_seconds = 0;  // Connecting, writing, running.
  double agent_seconds = 0;  // The whole measurement.
  int64_t erases = 0;        // Sectors of the board, ever.
  v1::Measurement::Outcome outcome = v1::Measurement::OUTCOME_UNSPECIFIED;
  std::map<std::string, double> steps;
};
using ByBoard = std::map<std::string, std::vector<Measured>>;

Measured MeasuredOf(const store::Task& task) {
  const v1::Measurement& measurement = task.result().measure().measurement();
  Measured measured;
  measured.end_ms = task.end_time_ms();
  measured.agent_seconds = task.result().seconds();
  measured.outcome = measurement.outcome();
  for (const auto& [step, seconds] : measurement.seconds()) {
    measured.steps[step] = seconds;
    const bool prepares =
        step == "generate" || step == "image" || step == "load" || step == "build";
    if (!prepares) measured.board_seconds += seconds;
  }
  const auto erases = measurement.provenance().find("board_sector_erases");
  if (erases == measurement.provenance().end() ||
      !absl::SimpleAtoi(erases->second, &measured.erases)) {
    measured.erases = 0;
  }
  return measured;
}

absl::StatusOr<ByBoard> ReadMeasured(const std::string& database) {
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, SqliteStore::Open(database, {}));
  std::vector<store::Task> tasks;
  const absl::Status read = store->Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.kind = store::Task::MEASURE;
    query.state = store::Task::DONE;
    BL_ASSIGN_OR_RETURN(tasks, tx.ListTasks(query));
    return absl::OkStatus();
  });
  BL_RETURN_IF_ERROR(read);
  ByBoard boards;
  for (const store::Task& task : tasks) boards[task.board()].push_back(MeasuredOf(task));
  for (auto& [name, measured] : boards) {
    std::sort(measured.begin(), measured.end(),
              [](const Measured& a, const Measured& b) { return a.end_ms < b.end_ms; });
  }
  return boards;
}

// Waits until the boards have measured `count` networks.
absl::Status WaitForMeasurements(const Flags& flags, BenchCoordinator& coordinator,
                                 ChildProcess& agent) {
  BL_ASSIGN_OR_RETURN(const auto channel, OpenChannel(coordinator.address));
  const auto stub = v1::BoardService::NewStub(channel);
  const absl::Time end = absl::Now() + absl::Minutes(flags.minutes);
  while (absl::Now() < end) {
    if (!coordinator.process.Running() || !agent.Running()) {
      return absl::FailedPreconditionError("the coordinator or the agent has ended");
    }
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(10));
    v1::ListBoardsResponse boards;
    BL_RETURN_IF_ERROR(FromGrpc(stub->ListBoards(&context, {}, &boards), coordinator.address));
    int64_t measured = 0;
    for (const v1::Board& board : boards.boards()) {
      measured += board.measurements();
      if (board.state() == v1::Board::QUARANTINED) {
        return absl::FailedPreconditionError(absl::StrCat(board.name(), ": ", board.reason()));
      }
    }
    if (measured >= flags.networks) return absl::OkStatus();
    absl::SleepFor(kLook);
  }
  return absl::DeadlineExceededError(
      absl::StrFormat("not all measured after %d minutes", flags.minutes));
}

absl::StatusOr<nlohmann::ordered_json> Summary(const Flags& flags, const ByBoard& boards) {
  if (static_cast<int>(boards.size()) < flags.boards) {
    return absl::FailedPreconditionError(
        absl::StrFormat("only %d of %d boards have measured", boards.size(), flags.boards));
  }
  int64_t begin_ms = 0, end_ms = std::numeric_limits<int64_t>::max();
  for (const auto& [name, measured] : boards) {
    begin_ms = std::max(begin_ms, measured.front().end_ms);
    end_ms = std::min(end_ms, measured.back().end_ms);
  }
  const double seconds = static_cast<double>(end_ms - begin_ms) / 1e3;
  if (seconds <= 0) return absl::FailedPreconditionError("too few networks");
  nlohmann::ordered_json json = {{"board_type", flags.board_type}, {"seconds", seconds}};
  int64_t count = 0, failed = 0, erases = 0, first_erases = 0;
  double board_seconds = 0, agent_seconds = 0;
  std::map<std::string, double> steps;
  for (const auto& [name, measured] : boards) {
    first_erases += measured.front().erases;
    erases += measured.back().erases - measured.front().erases;
    for (const Measured& each : measured) {
      if (each.outcome != v1::Measurement::OK) ++failed;
      if (each.end_ms <= begin_ms || each.end_ms > end_ms) continue;
      ++count;
      board_seconds += each.board_seconds;
      agent_seconds += each.agent_seconds;
      for (const auto& [step, took] : each.steps) steps[step] += took;
    }
  }
  const double board_time = seconds * static_cast<double>(boards.size());
  const auto measured = static_cast<double>(std::max<int64_t>(count, 1));
  json["boards"] = boards.size();
  json["measurements"] = count;
  json["not_ok"] = failed;
  json["measurements_per_hour"] = 3600 * static_cast<double>(count) / seconds;
  json["boards_idle"] = 1 - board_seconds / board_time;
  json["agent_between_measurements"] = 1 - agent_seconds / board_time;
  for (const auto& [step, took] : steps) json["mean_step_seconds"][step] = took / measured;
  json["erases_at_start"] = first_erases;
  json["erases_per_measurement"] = static_cast<double>(erases) / measured;
  return json;
}

std::string Text(const nlohmann::ordered_json& json) {
  std::string text = absl::StrFormat(
      "%d boards %s, %d measurements in %.1f s, %d not OK\n"
      "measurements per hour   %.0f\n"
      "boards idle             %.1f %% while work was queued (%.1f %% between measurements)\n"
      "flash erases            %g for each measurement, %d sectors before the first\n"
      "mean seconds            ",
      json["boards"].get<int>(), json["board_type"].get<std::string>(),
      json["measurements"].get<int64_t>(), json["seconds"].get<double>(),
      json["not_ok"].get<int64_t>(), json["measurements_per_hour"].get<double>(),
      100 * json["boards_idle"].get<double>(),
      100 * json["agent_between_measurements"].get<double>(),
      json["erases_per_measurement"].get<double>(), json["erases_at_start"].get<int64_t>());
  for (const auto& [step, seconds] : json["mean_step_seconds"].items()) {
    absl::StrAppendFormat(&text, "%s %.4f  ", step, seconds.get<double>());
  }
  return text + "\n";
}

absl::StatusOr<ChildProcess> StartAgent(const Flags& flags, const std::string& address,
                                        const std::string& folder) {
  std::vector<std::string> arguments = {"serve",
                                        "--server",
                                        address,
                                        "--name",
                                        "bench",
                                        "--virtual",
                                        absl::StrCat(flags.board_type, ":", flags.boards),
                                        "--state",
                                        folder + "/agent"};
  if (!flags.cache.empty()) arguments.insert(arguments.end(), {"--cache", flags.cache});
  return StartProgram("boardloop-agent", arguments, folder + "/agent.log");
}

absl::Status Run(const Flags& flags) {
  const BenchFolder folder("measurements_bench");
  BL_ASSIGN_OR_RETURN(const v1::Search search, BenchSearch("searches/bench", flags.board_type));
  BL_ASSIGN_OR_RETURN(const std::vector<DrawnNetwork> networks,
                      DrawNetworks(search, flags.networks, flags.seed));
  const std::string database = CoordinatorDatabase(folder.path());
  BL_RETURN_IF_ERROR(
      FillQueue(database, flags.board_type, networks, flags.networks, /*searches=*/1));
  BL_ASSIGN_OR_RETURN(BenchCoordinator coordinator, StartCoordinator(folder.path()));
  BL_ASSIGN_OR_RETURN(ChildProcess agent, StartAgent(flags, coordinator.address, folder.path()));
  const absl::Status waited = WaitForMeasurements(flags, coordinator, agent);
  agent.Stop(absl::Seconds(30));
  coordinator.process.Stop(absl::Seconds(30));
  if (!waited.ok()) {
    const absl::StatusOr<std::string> log = ReadFile(folder.path() + "/agent.log", kMaxLog);
    return Annotate(waited, log.ok() ? "the agent said:\n" + *log : "");
  }
  BL_ASSIGN_OR_RETURN(const ByBoard boards, ReadMeasured(database));
  BL_ASSIGN_OR_RETURN(const nlohmann::ordered_json json, Summary(flags, boards));
  return WriteResults(flags.json ? JsonText(json) : Text(json));
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  boardloop::PrepareStandardStreams();
  boardloop::Flags flags;
  CLI::App program("Candidate measurements an hour on virtual boards");
  program.footer(boardloop::kNotes);
  boardloop::AddBoard(program, flags.board_type, "Virtual board type");
  boardloop::AddInteger(program, "--boards", flags.boards, 1, 64, "Virtual boards");
  boardloop::AddInteger(program, "--networks", flags.networks, 10, 100'000, "To measure");
  boardloop::AddInteger(program, "--minutes", flags.minutes, 1, 600, "Most that it may take");
  program
      .add_option("--cache", flags.cache, "Folder of compiled firmware (default: the agent's own)")
      ->type_name("FOLDER");
  boardloop::AddSeed(program, flags.seed);
  boardloop::AddJson(program, flags.json);
  CLI11_PARSE(program, argc, argv);
  const absl::Status status = boardloop::Run(flags);
  if (status.ok()) return 0;
  boardloop::WriteMessage(std::string(status.message()));
  return 1;
}
