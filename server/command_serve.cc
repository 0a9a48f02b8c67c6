// boardloop-server serve: the coordinator.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "cli/client/channel.h"
#include "cli/http/metrics_endpoint.h"
#include "cli/options.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/base/stop_signal.h"
#include "server/command.h"
#include "server/coordinator.h"
#include "server/program.h"

namespace boardloop {
namespace {

constexpr char kHelp[] = "Serves: takes searches, hands out their tasks, keeps their results";

constexpr char kNotes[] = R"(Examples:
  boardloop-server serve
  boardloop-server serve --listen 127.0.0.1:0 --address-file address.txt
  grpcurl -plaintext 127.0.0.1:7411 list

The coordinator may be stopped, or killed, at any time: what it has acknowledged is on the disk, and the next
one goes on from there. Workers and agents find it again by themselves.

Without --tls only loopback addresses are served: everybody on this machine may do everything. With --tls everybody
needs an identity, which a join token makes:
  boardloop-server serve --listen 0.0.0.0:7411 --tls --hostname lab.example.org
  boardloop-server token --role worker
)";

struct Flags {
  std::string listen = kDefaultServer;
  bool tls = false;
  std::vector<std::string> hostnames;
  std::string state;
  std::string address_file;
  int32_t threads = 2;
  int32_t lease_seconds = 30;
  std::optional<std::string> metrics_listen;
};

void Log(const std::string& line) { std::fprintf(stderr, "boardloop-server: %s\n", line.c_str()); }

absl::StatusOr<int> RunServe(const Flags& flags) {
  Metrics metrics("boardloop-server", BOARDLOOP_VERSION);
  Coordinator::Options options;
  options.metrics = &metrics;
  options.address = flags.listen;
  options.tls = flags.tls;
  options.hostnames = flags.hostnames;
  options.state_folder = flags.state.empty() ? DefaultServerFolder() : flags.state;
  options.threads = flags.threads;
  options.scheduler.lease = absl::Seconds(flags.lease_seconds);
  options.scheduler.member_lost = 2 * options.scheduler.lease;
  absl::Notification stop;
  const StopSignal signal([&] {
    if (!stop.HasBeenNotified()) stop.Notify();
  });
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<Coordinator> coordinator, Coordinator::Start(options));
  MetricsEndpoint::Options endpoint_options;
  endpoint_options.asked = flags.metrics_listen;
  endpoint_options.usual = kServerMetrics;
  endpoint_options.state_folder = options.state_folder;
  endpoint_options.pages = [&](const std::string& path) { return coordinator->Page(path); };
  endpoint_options.log = Log;
  BL_ASSIGN_OR_RETURN(const std::unique_ptr<MetricsEndpoint> endpoint,
                      MetricsEndpoint::Start(endpoint_options, metrics));
  if (!flags.address_file.empty()) {
    BL_RETURN_IF_ERROR(WriteFileAtomically(flags.address_file, coordinator->address() + "\n"));
  }
  Log(absl::StrCat("serving at ", coordinator->address(), options.tls ? " with TLS" : "",
                   ", state in ", options.state_folder,
                   endpoint->address().empty()
                       ? ""
                       : absl::StrCat(", searches and metrics at http://", endpoint->address())));
  stop.WaitForNotification();
  Log("stopping");
  return 0;
}

}  // namespace

void AddServeCommand(CLI::App& program, ServerAction& action) {
  CLI::App& command = *program.add_subcommand("serve", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  command
      .add_option("--listen", flags->listen,
                  "Address to serve at; port 0: any. Not loopback: needs --tls")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_flag("--tls", flags->tls, "Encrypt, and let in only who has an identity");
  command
      .add_option(
          "--hostname", flags->hostnames,
          "A name or IP address that clients use, beside this machine's own; may be repeated")
      ->type_name("NAME")
      ->needs("--tls");
  AddState(command, flags->state);
  command
      .add_option("--address-file", flags->address_file,
                  "Write the address here once it is served at")
      ->type_name("FILE");
  AddMetricsListen(command, flags->metrics_listen, kServerMetrics);
  AddThreads(command, flags->threads);
  AddInteger(command, "--lease-seconds", flags->lease_seconds, 2, 3600,
             "A worker or agent that is silent for so long loses its tasks");
  command.callback([flags, &action] { action = [flags] { return RunServe(*flags); }; });
}

}  // namespace boardloop
