// boardloop-server health: whether the coordinator serves, for container health checks and probes.

#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/client/channel.h"
#include "cli/client/grpc_status.h"
#include "cli/output.h"
#include "core/base/status.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/command.h"
#include "server/own_coordinator.h"
#include "server/program.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Asks whether the coordinator serves";

constexpr char kNotes[] = R"(Exit code 0: it does. 1: it does not; one line says why.

Examples:
  boardloop-server health
  boardloop-server health --state /var/lib/boardloop --server 127.0.0.1:7411
)";

constexpr absl::Duration kCall = absl::Seconds(5);

struct Flags {
  std::string state, server;
};

absl::Status CheckHealth(const Flags& flags) {
  const std::string state = flags.state.empty() ? DefaultServerFolder() : flags.state;
  BL_ASSIGN_OR_RETURN(const OwnCoordinator own,
                      FindOwnCoordinator(state, flags.server, OwnCoordinator::As::kNobody));
  grpc::ClientContext context;
  SetDeadline(context, kCall);
  grpc::health::v1::HealthCheckResponse response;
  const auto stub = grpc::health::v1::Health::NewStub(own.channel);
  BL_RETURN_IF_ERROR(FromGrpc(
      stub->Check(&context, grpc::health::v1::HealthCheckRequest(), &response), own.address));
  if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrFormat(
      "the coordinator at %s is %s, must be SERVING", own.address,
      grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status())));
}

absl::StatusOr<int> RunHealth(const Flags& flags) {
  const absl::Status health = CheckHealth(flags);
  if (health.ok()) return 0;
  WriteMessage(absl::StrFormat("%s: %s", absl::StatusCodeToString(health.code()),
                               std::string(health.message())));
  return 1;
}

}  // namespace

void AddHealthCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand("health", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  AddState(command, flags->state);
  command.add_option("--server", flags->server, "Its address (default: as the state folder says)")
      ->type_name("HOST:PORT");
  command.callback([flags, &action] { action = [flags] { return RunHealth(*flags); }; });
}

}  // namespace boardloop
