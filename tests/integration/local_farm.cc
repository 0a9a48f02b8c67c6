#include "tests/integration/local_farm.h"

#include <signal.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cli/client/channel.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "tests/integration/process_tree.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxLog = int64_t{64} << 20;
constexpr absl::Duration kLook = absl::Milliseconds(5);
constexpr absl::Duration kAddress = absl::Seconds(30);
// Of processes that are to end with the one that started them.
constexpr absl::Duration kOrphans = absl::Seconds(10);
// Of a stop: longer than the drain of each program.
constexpr absl::Duration kPatience = absl::Seconds(60);

}  // namespace

std::string VictimName(Victim victim) {
  switch (victim) {
    case Victim::kServer:
      return "server";
    case Victim::kWorker:
      return "worker";
    case Victim::kAgent:
      return "agent";
    case Victim::kOpenOcd:
      return "openocd";
    case Victim::kQemu:
      return "qemu-system-arm";
  }
  return "nobody";
}

LocalFarm::LocalFarm(std::string folder, std::string cache)
    : folder_(std::move(folder)), cache_(std::move(cache)) {
  std::error_code ignored;  // Programs that find no folder say so.
  std::filesystem::create_directories(folder_, ignored);
}

absl::Status LocalFarm::Start() {
  const std::string address_file = folder_ + "/address";
  server_.name = "server";
  server_.argv = {BOARDLOOP_SERVER, "serve",          "--listen",   "127.0.0.1:0", "--state",
                  server_state(),   "--address-file", address_file, "--threads",   "2"};
  BL_RETURN_IF_ERROR(Run(server_));
  BL_RETURN_IF_ERROR(AwaitAddress());
  // Started again it is where the others look for it.
  server_.argv[3] = address_;
  BL_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, OpenChannel(address_));
  searches_ = v1::SearchService::NewStub(channel);

  worker_.name = "worker";
  worker_.argv = {BOARDLOOP_WORKER,
                  "serve",
                  "--server",
                  address_,
                  "--name",
                  "worker",
                  "--state",
                  folder_ + "/worker",
                  "--threads",
                  "2",
                  "--checkpoint-seconds",
                  "0.2"};
  BL_RETURN_IF_ERROR(Run(worker_));
  agent_.name = "agent";
  agent_.argv = {BOARDLOOP_AGENT, "serve", "--server",  address_,
                 "--name",        "agent", "--state",   folder_ + "/agent",
                 "--cache",       cache_,  "--virtual", kFarmBoardType};
  return Run(agent_);
}

absl::Status LocalFarm::Run(Program& program) const {
  program.killed = false;
  ChildProcess::Options options;
  options.log_path = LogFile(program.name);
  std::vector<std::string> argv = program.argv;
  argv.insert(argv.end(), {"--metrics-listen", "127.0.0.1:0"});
  BL_ASSIGN_OR_RETURN(program.process, ChildProcess::Start(argv, options));
  return absl::OkStatus();
}

absl::Status LocalFarm::AwaitAddress() {
  const absl::Time end = absl::Now() + kAddress;
  while (absl::Now() < end && server_.process.Running()) {
    const absl::StatusOr<std::string> address = ReadFile(folder_ + "/address", 1024);
    if (address.ok()) {
      address_ = std::string(absl::StripSuffix(*address, "\n"));
      return absl::OkStatus();
    }
    absl::SleepFor(kLook);
  }
  return absl::InternalError("the coordinator does not begin to serve");
}

absl::Status LocalFarm::Stop() {
  absl::Status status;
  for (Program* program : {&worker_, &agent_, &server_}) {
    program->process.Stop(kPatience);
    if (program->process.exit_code() == 0 || !status.ok()) continue;
    status = absl::InternalError(
        absl::StrFormat("the %s ended with exit code %d when it was told to stop", program->name,
                        program->process.exit_code()));
  }
  return status;
}

LocalFarm::Program& LocalFarm::ProgramOf(Victim victim) {
  if (victim == Victim::kServer) return server_;
  return victim == Victim::kWorker ? worker_ : agent_;
}

pid_t LocalFarm::Find(Victim victim) const {
  switch (victim) {
    case Victim::kServer:
      return server_.process.pid();
    case Victim::kWorker:
      return worker_.process.pid();
    case Victim::kAgent:
      return agent_.process.pid();
    default:
      return agent_.process.pid() > 0 ? FindDescendant(agent_.process.pid(), VictimName(victim))
                                      : -1;
  }
}

absl::Status LocalFarm::Kill(Victim victim, pid_t pid, absl::Duration pause) {
  std::vector<pid_t> children;
  if (victim == Victim::kAgent) children = {Find(Victim::kOpenOcd), Find(Victim::kQemu)};
  kill(pid, SIGKILL);
  if (victim == Victim::kOpenOcd || victim == Victim::kQemu) return absl::OkStatus();
  Program& program = ProgramOf(victim);
  while (program.process.Running()) absl::SleepFor(kLook);
  program.killed = true;
  program.start_again = absl::Now() + pause;
  const absl::Time end = absl::Now() + kOrphans;
  for (const pid_t child : children) {
    while (child > 0 && ProcessRuns(child)) {
      if (absl::Now() > end) {
        return absl::InternalError(
            absl::StrFormat("process %d outlives the agent that started it", child));
      }
      absl::SleepFor(kLook);
    }
  }
  return absl::OkStatus();
}

absl::Status LocalFarm::KeepRunning() {
  for (Program* program : {&server_, &worker_, &agent_}) {
    if (program->process.Running()) continue;
    if (!program->killed) {
      return absl::InternalError(absl::StrFormat("the %s ended by itself with exit code %d",
                                                 program->name, program->process.exit_code()));
    }
    if (absl::Now() >= program->start_again) BL_RETURN_IF_ERROR(Run(*program));
  }
  return absl::OkStatus();
}

std::string LocalFarm::Logs() const {
  std::string text;
  for (const char* name : {"server", "worker", "agent"}) {
    absl::StrAppend(&text, "---- ", name, "\n", ReadFile(LogFile(name), kMaxLog).value_or(""));
  }
  return text;
}

}  // namespace boardloop
