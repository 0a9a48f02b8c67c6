// How many device agents a coordinator bears: `boardloop-server serve` with a database on the disk, and simulated
// agents that call it over real connections. Prints Synchronize latencies, durable results a second, and what the
// coordinator uses.
//
//   build/release/bench/agents_bench
//   build/release/bench/agents_bench --agents 10000 --measuring-seconds 60
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "bench/farm.h"
#include "bench/measurement_queue.h"
#include "bench/simulated_agents.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"
#include "server/store/sqlite_store.h"

namespace boardloop {
namespace {

constexpr char kNotes[] =
    R"(Agents and coordinator share this machine's processors: what the agents take, the coordinator lacks.

The queue is written into the database before the coordinator starts, as searches whose generations do not end. The
folder lies in TMPDIR, which should be on a disk: results count as durable when they were acknowledged, and are
counted again in the database at the end.

Examples:
  agents_bench                                         1,000 agents, 2,000 boards, 6 s a measurement
  agents_bench --agents 10000 --measuring-seconds 60
  agents_bench --measuring-seconds 0                   as many results as it can take
)";

// Networks that are really drawn and planned: candidates repeat them.
constexpr int kNetworks = 64;
// Two boards of each agent hold two tasks each.
constexpr int kTasksPerAgent = 4;
// At once: as many as can be taken, which is not known before.
constexpr double kMostResultsPerSecond = 4000;

struct Flags {
  int32_t agents = 1000;
  double measuring_seconds = 6;
  double ramp_seconds = 10;
  double settle_seconds = 10;
  double window_seconds = 30;
  int32_t searches = 20;
  std::string board_type = "virtual-stm32f405";
  uint64_t seed = 1;
  bool json = false;
};

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int QueueLength(const Flags& flags) {
  const double seconds = flags.ramp_seconds + flags.settle_seconds + flags.window_seconds;
  double rate = kMostResultsPerSecond;
  if (flags.measuring_seconds > 0) {
    rate = std::min(rate, 1.2 * 2 * flags.agents / flags.measuring_seconds);
  }
  return kTasksPerAgent * flags.agents + static_cast<int>(rate * seconds);
}

absl::StatusOr<int64_t> DoneInStore(const std::string& path) {
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store, SqliteStore::Open(path, {}));
  int64_t done = 0;
  BL_RETURN_IF_ERROR(store->Read([&](Transaction& tx) -> absl::Status {
    TaskQuery query;
    query.kind = store::Task::MEASURE;
    query.state = store::Task::DONE;
    BL_ASSIGN_OR_RETURN(done, tx.CountTasks(query));
    return absl::OkStatus();
  }));
  return done;
}

struct Use {
  ProcessUse server;
  double agents_cpu_seconds = 0;
};

nlohmann::ordered_json ToJson(const Flags& flags, const SimulationReport& report, const Use& begin,
                              const Use& end, int64_t done) {
  const double seconds = report.seconds;
  const auto& latencies = report.latencies_ms;
  const auto calls = static_cast<double>(latencies.size());
  return {{"agents", flags.agents},
          {"boards", 2 * flags.agents},
          {"measuring_seconds", flags.measuring_seconds},
          {"window_seconds", seconds},
          {"calls_per_second", calls / seconds},
          {"synchronize_ms",
           {{"p50", Percentile(latencies, 0.5)},
            {"p90", Percentile(latencies, 0.9)},
            {"p99", Percentile(latencies, 0.99)},
            {"max", Percentile(latencies, 1)}}},
          {"durable_results_per_second", static_cast<double>(report.results) / seconds},
          {"boards_busy", report.board_share},
          {"failed_calls", report.failed_calls},
          {"lost_tasks", report.lost_tasks},
          {"results_acknowledged", report.results_with_ramp},
          {"results_in_database", done},
          {"coordinator",
           {{"cores", (end.server.cpu_seconds - begin.server.cpu_seconds) / seconds},
            {"rss_bytes", end.server.rss_bytes},
            {"peak_rss_bytes", end.server.peak_rss_bytes},
            {"threads", end.server.threads}}},
          {"agents_cores", (end.agents_cpu_seconds - begin.agents_cpu_seconds) / seconds}};
}

std::string Text(const nlohmann::ordered_json& json) {
  const auto& latency = json["synchronize_ms"];
  const auto& server = json["coordinator"];
  std::string text = absl::StrFormat(
      "%d agents with %d boards, %g s a measurement, %.0f s counted\n"
      "Synchronize             %.0f calls/s; p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms\n"
      "durable results         %.0f/s; boards busy %.0f %%\n"
      "failed calls            %d; tasks taken away %d\n"
      "coordinator             %.2f cores, RSS %.0f MiB, at most %.0f MiB; %d threads\n"
      "simulated agents        %.2f cores\n",
      json["agents"].get<int>(), json["boards"].get<int>(), json["measuring_seconds"].get<double>(),
      json["window_seconds"].get<double>(), json["calls_per_second"].get<double>(),
      latency["p50"].get<double>(), latency["p90"].get<double>(), latency["p99"].get<double>(),
      latency["max"].get<double>(), json["durable_results_per_second"].get<double>(),
      100 * json["boards_busy"].get<double>(), json["failed_calls"].get<int64_t>(),
      json["lost_tasks"].get<int64_t>(), server["cores"].get<double>(),
      server["rss_bytes"].get<double>() / (1 << 20),
      server["peak_rss_bytes"].get<double>() / (1 << 20), server["threads"].get<int64_t>(),
      json["agents_cores"].get<double>());
  absl::StrAppendFormat(&text, "results acknowledged    %d, in the database %d\n",
                        json["results_acknowledged"].get<int64_t>(),
                        json["results_in_database"].get<int64_t>());
  return text;
}

absl::Status Run(const Flags& flags) {
  const BenchFolder folder("agents_bench");
  BL_ASSIGN_OR_RETURN(const v1::Search search, BenchSearch("searches/bench", flags.board_type));
  BL_ASSIGN_OR_RETURN(const std::vector<DrawnNetwork> networks,
                      DrawNetworks(search, kNetworks, flags.seed));
  std::vector<v1::Measurement> answers;
  for (const DrawnNetwork& network : networks) {
    answers.push_back(SimulatedMeasurement(network, flags.board_type));
  }
  const std::string database = CoordinatorDatabase(folder.path());
  BL_RETURN_IF_ERROR(
      FillQueue(database, flags.board_type, networks, QueueLength(flags), flags.searches));
  BL_ASSIGN_OR_RETURN(BenchCoordinator coordinator, StartCoordinator(folder.path()));

  SimulationOptions simulation;
  simulation.address = coordinator.address;
  simulation.agents = flags.agents;
  simulation.board_type = flags.board_type;
  simulation.measuring = absl::Seconds(flags.measuring_seconds);
  simulation.ramp = absl::Seconds(flags.ramp_seconds);
  simulation.settle = absl::Seconds(flags.settle_seconds);
  simulation.window = absl::Seconds(flags.window_seconds);
  simulation.seed = flags.seed;
  Use begin, end;
  absl::Status used;
  const auto note = [&](Use& use) {
    absl::StatusOr<ProcessUse> server = UseOf(coordinator.process.pid());
    used.Update(server.status());
    if (server.ok()) use = {*server, OwnCpuSeconds()};
  };
  const SimulationReport report = SimulateAgents(
      simulation, answers, [&] { note(begin); }, [&] { note(end); });
  BL_RETURN_IF_ERROR(Annotate(used, "the coordinator is gone"));
  coordinator.process.Stop(absl::Seconds(30));
  BL_ASSIGN_OR_RETURN(const int64_t done, DoneInStore(database));
  const nlohmann::ordered_json json = ToJson(flags, report, begin, end, done);
  BL_RETURN_IF_ERROR(WriteResults(flags.json ? JsonText(json) : Text(json)));
  // More may be stored than was acknowledged: answers that were on their way at the end.
  if (done >= report.results_with_ramp) return absl::OkStatus();
  return absl::DataLossError("acknowledged results are not in the database");
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  boardloop::PrepareStandardStreams();
  boardloop::Flags flags;
  CLI::App program("A coordinator with many simulated device agents");
  program.footer(boardloop::kNotes);
  boardloop::AddInteger(program, "--agents", flags.agents, 1, 100'000, "With two boards each");
  program
      .add_option("--measuring-seconds", flags.measuring_seconds,
                  "Of a measurement, between half and one and a half of it; 0: at once")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  boardloop::AddNumber(program, "--ramp-seconds", flags.ramp_seconds, 0, 3600,
                       "In which the agents appear");
  boardloop::AddNumber(program, "--settle-seconds", flags.settle_seconds, 0, 3600,
                       "After that, not counted");
  boardloop::AddNumber(program, "--seconds", flags.window_seconds, 0, 3600, "That are counted");
  boardloop::AddInteger(program, "--searches", flags.searches, 1, 10'000, "That share the queue");
  boardloop::AddSeed(program, flags.seed);
  boardloop::AddJson(program, flags.json);
  CLI11_PARSE(program, argc, argv);
  const absl::Status status = boardloop::Run(flags);
  if (status.ok()) return 0;
  boardloop::WriteMessage(std::string(status.message()));
  return 1;
}
