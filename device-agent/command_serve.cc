// boardloop-agent serve: the boards of a bench as a member of a farm.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/client/certificate_metrics.h"
#include "cli/client/member_identity.h"
#include "cli/client/member_metrics.h"
#include "cli/http/metrics_endpoint.h"
#include "cli/options.h"
#include "core/base/status.h"
#include "core/base/stop_signal.h"
#include "core/base/text.h"
#include "core/board/virtual_boards.h"
#include "device-agent/command.h"
#include "device-agent/measure/board_state.h"
#include "device-agent/service/agent_metrics.h"
#include "device-agent/service/agent_service.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Serves the boards of a bench to a coordinator";

constexpr char kNotes[] = R"(Examples:
  boardloop-agent serve --bench bench.yaml
  boardloop-agent serve --virtual virtual-stm32f405:2 --virtual virtual-stm32f746
  boardloop-agent serve --bench bench.yaml --server 127.0.0.1:7411 --name lab-3
  boardloop-agent serve --bench bench.yaml --server lab.example.org:7411 --join-token-file token.txt

Each board is checked with a golden model before it is offered, and again now and then. The agent calls
the coordinator, never the other way round; while that is away, work goes on.

SIGTERM or Ctrl-C: nothing new is taken, what runs is finished, or handed back after --drain-seconds.
)";

struct Flags {
  MemberFlags member;
  std::string bench;
  std::vector<std::string> virtual_boards;
  std::string state, cache;
  int32_t drain_seconds = 30;
  std::optional<std::string> metrics_listen;
};

void Log(const std::string& line) {
  std::fprintf(stderr, "%s  %s\n",
               absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()).c_str(),
               Printable(line).c_str());
}

// "virtual-stm32f405:2" is two boards, virtual-stm32f405-1 and -2.
absl::Status AddVirtualBoards(const std::string& text, std::vector<BenchBoard>& boards) {
  BL_ASSIGN_OR_RETURN(const VirtualBoards asked, ParseVirtualBoards(text));
  for (int i = 1; i <= asked.count; ++i) {
    BenchBoard board;
    board.name = absl::StrCat(asked.type, "-", i);
    board.type = asked.type;
    boards.push_back(board);
  }
  return absl::OkStatus();
}

// What it shows of itself, and where.
struct Shown {
  const SystemClock clock{};
  Metrics metrics{"boardloop-agent", BOARDLOOP_VERSION};
  MemberMetrics member{metrics};
  AgentMetrics agent{metrics, clock};
  std::unique_ptr<MetricsEndpoint> endpoint;  // Last: it renders what stands above.
};

absl::StatusOr<std::unique_ptr<Shown>> ShowMetrics(const Flags& flags, const std::string& state,
                                                   const std::string& identity) {
  std::error_code ignored;  // Whoever writes into it says what is wrong.
  std::filesystem::create_directories(state, ignored);
  auto shown = std::make_unique<Shown>();
  if (!identity.empty()) AddCertificateMetrics(shown->metrics, identity);
  const MetricsEndpoint::Options options{flags.metrics_listen, kAgentMetrics, state, {}, Log};
  BL_ASSIGN_OR_RETURN(shown->endpoint, MetricsEndpoint::Start(options, shown->metrics));
  LogAddress(*shown->endpoint, Log);
  return shown;
}

absl::StatusOr<int> RunServe(const Flags& flags) {
  AgentService::Options options;
  if (!flags.bench.empty()) {
    BL_ASSIGN_OR_RETURN(options.boards, LoadBench(flags.bench));
  }
  for (const std::string& text : flags.virtual_boards) {
    BL_RETURN_IF_ERROR(AddVirtualBoards(text, options.boards));
  }
  if (options.boards.empty()) {
    return absl::InvalidArgumentError("no boards: --bench FILE.yaml or --virtual TYPE says which");
  }
  // Absolute: the probes' tools run in other folders.
  const auto absolute = [](const std::string& path) {
    return std::filesystem::absolute(path).string();
  };
  options.state_folder = flags.state.empty() ? DefaultStateFolder() : absolute(flags.state);
  BL_ASSIGN_OR_RETURN(const MemberTarget member,
                      PrepareMember(flags.member, v1::Identity::AGENT, "agent",
                                    options.state_folder + "/identity", Log));
  options.address = member.target.address;
  options.identity = member.target.identity;
  options.member = member.member;
  options.cache_folder = flags.cache.empty() ? DefaultCacheFolder() : absolute(flags.cache);
  options.drain = absl::Seconds(flags.drain_seconds);
  options.log = Log;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Shown> shown,
                      ShowMetrics(flags, options.state_folder, options.identity));
  options.metrics = &shown->agent;
  options.member_observer = &shown->member;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<AgentService> service, AgentService::Create(options));
  const StopSignal stop([&] { service->Stop(); });
  BL_RETURN_IF_ERROR(service->Run());
  return 0;
}

}  // namespace

void AddServeCommand(CLI::App& program, AgentAction& action) {
  CLI::App& command = *program.add_subcommand("serve", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddMemberFlags(command, flags->member);
  command
      .add_option("--bench", flags->bench, "The boards that are connected (docs/formats/bench.md)")
      ->type_name("FILE.yaml");
  command
      .add_option("--virtual", flags->virtual_boards, "Virtual boards to start; may be repeated")
      ->type_name("TYPE[:N]");
  command.add_option("--state", flags->state, "Folder of what is remembered of boards")
      ->type_name("FOLDER")
      ->default_str("~/.local/state/boardloop");
  command.add_option("--cache", flags->cache, "Folder of compiled firmware")
      ->type_name("FOLDER")
      ->default_str("~/.cache/boardloop");
  AddInteger(command, "--drain-seconds", flags->drain_seconds, 0, 3600,
             "Time for what runs when told to stop");
  AddMetricsListen(command, flags->metrics_listen, kAgentMetrics);
  command.callback([flags, &action] { action = [flags] { return RunServe(*flags); }; });
}

}  // namespace boardloop
