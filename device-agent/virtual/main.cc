// The virtual board: debug probe, chip and QEMU in one process. docs/virtual-board.md.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/base/status.h"
#include "device-agent/virtual/board.h"
#include "device-agent/virtual/flash_array.h"
#include "device-agent/virtual/front/pyocd_remote.h"
#include "device-agent/virtual/front/remote_bitbang.h"
#include "device-agent/virtual/front/stlink_tcp.h"
#include "device-agent/virtual/options.h"
#include "device-agent/virtual/plugin_path.h"
#include "device-agent/virtual/server.h"
#include "device-agent/virtual/state_dir.h"
#include "glog/logging.h"
#include "nlohmann/json.hpp"

namespace boardloop::vboard {
namespace {

// Exit codes.
constexpr int kBadArguments = 2, kPortInUse = 3, kNoQemu = 4, kStateUnusable = 5;

volatile sig_atomic_t end_requested = 0;
void RequestEnd(int) { end_requested = 1; }
void WakeUp(int) {}

int Fail(int code, const absl::Status& status) {
  std::fprintf(stderr, "boardloop-vboard: %s\n", std::string(status.message()).c_str());
  return code;
}

// SIGUSR1 comes from the kernel when the thread that started us has ended: a reason to look whether
// the process has. These signals are blocked except where the server waits; returns that mask.
sigset_t PrepareSignals() {
  struct sigaction action {};
  action.sa_handler = RequestEnd;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = WakeUp;
  sigaction(SIGUSR1, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  sigset_t ours, waiting;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&ours, number);
  sigprocmask(SIG_BLOCK, &ours, &waiting);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigdelset(&waiting, number);
  prctl(PR_SET_PDEATHSIG, SIGUSR1);
  return waiting;
}

absl::StatusOr<std::string> FindPlugin() {
  std::error_code error;
  return FindCyclePlugin(std::filesystem::read_symlink("/proc/self/exe", error));
}

int CodeOfListener(const absl::Status& status) {
  return absl::IsAlreadyExists(status) ? kPortInUse : kBadArguments;
}

// Opens a front-end's socket if it was asked for; `where` gets what the line of JSON says of it.
template <typename Make>
absl::Status Offer(const std::optional<Endpoint>& endpoint, Server& server, Make make,
                   nlohmann::json& where) {
  if (!endpoint) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(Listener listener, Listener::Open(*endpoint));
  const Endpoint& found = listener.endpoint();
  if (found.path.empty()) {
    where = found.port;
  } else {
    where = "unix:" + found.path;
  }
  server.AddListener(std::move(listener), make);
  return absl::OkStatus();
}

template <typename Protocol>
std::unique_ptr<FrontEnd> Make(DebugPort& port) {
  return std::make_unique<Protocol>(port);
}

int Run(int argc, char** argv) {
  const pid_t parent = getppid();
  const absl::StatusOr<ProgramOptions> options = ParseOptions(argc, argv);
  if (!options.ok()) return Fail(kBadArguments, options.status());
  if (options->help) return 0;
  FLAGS_v = options->verbose ? 1 : 0;
  const sigset_t waiting = PrepareSignals();

  const absl::StatusOr<StateDir> state = StateDir::Open(options->state);
  if (!state.ok()) return Fail(kStateUnusable, state.status());
  const absl::StatusOr<Uid> kept_uid = state->ReadOrMakeUid();
  if (!kept_uid.ok()) return Fail(kStateUnusable, kept_uid.status());
  absl::StatusOr<FlashArray> flash =
      FlashArray::Open(state->flash_path(), options->type.flash_bytes);
  if (!flash.ok()) return Fail(kStateUnusable, flash.status());

  const absl::StatusOr<std::string> plugin = FindPlugin();
  if (!plugin.ok()) return Fail(kNoQemu, plugin.status());
  const Uid uid = options->uid.value_or(*kept_uid);
  absl::StatusOr<std::unique_ptr<Board>> board =
      Board::Create({options->type, uid, options->cycle_model, *plugin}, *std::move(flash));
  if (!board.ok()) return Fail(kNoQemu, board.status());

  Server server(**board);
  nlohmann::ordered_json ready = {{"ready", true},
                                  {"type", options->type.name},
                                  {"uid", FormatUid(uid)},
                                  {"pid", getpid()},
                                  {"qemu_pid", (*board)->qemu_pid()}};
  nlohmann::json stlink_port, rbb, pyocd_port;
  absl::Status offered = Offer(options->stlink, server, Make<StlinkTcp>, stlink_port);
  if (offered.ok()) offered = Offer(options->remote_bitbang, server, Make<RemoteBitbang>, rbb);
  if (offered.ok()) offered = Offer(options->pyocd, server, Make<PyocdRemote>, pyocd_port);
  if (!offered.ok()) return Fail(CodeOfListener(offered), offered);
  absl::StatusOr<Listener> control = Listener::Open({0, state->control_path()});
  if (!control.ok()) return Fail(kStateUnusable, control.status());
  server.SetControl(*std::move(control));
  for (const Fault& fault : options->faults) server.Order(fault);

  ready["stlink_port"] = stlink_port;
  ready["rbb"] = rbb;
  ready["pyocd_port"] = pyocd_port;
  ready["cycle_model"] = (*board)->marks().model_name();
  std::printf("%s\n", ready.dump().c_str());
  std::fflush(stdout);
  server.Run(waiting, [parent] { return end_requested != 0 || getppid() != parent; });
  return 0;
}

}  // namespace
}  // namespace boardloop::vboard

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  return boardloop::vboard::Run(argc, argv);
}
