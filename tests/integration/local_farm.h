// A coordinator, a worker and a device agent with one virtual board: the real programs, each a child process of ours, on loopback and
// with all their files in one folder.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boardloop/v1/search_service.grpc.pb.h"
#include "core/base/process.h"

namespace boardloop {

inline constexpr char kFarmBoardType[] = "virtual-stm32f405";

// What can be killed. The last two are children of the agent.
enum class Victim { kServer, kWorker, kAgent, kOpenOcd, kQemu };
inline constexpr Victim kVictims[] = {Victim::kServer, Victim::kWorker, Victim::kAgent,
                                      Victim::kOpenOcd, Victim::kQemu};
std::string VictimName(Victim victim);

// Use it from one thread that lives as long (core/base/process.h).
class LocalFarm {
 public:
  // Compiled firmware goes to `cache`, which several farms may use one after the other.
  LocalFarm(std::string folder, std::string cache);

  // Returns when the coordinator has an address.
  //
  // INTERNAL  a program ended, or the coordinator has no address after half a minute
  absl::Status Start();
  // SIGTERM, the coordinator last.
  //
  // INTERNAL  a program did not end, or not with exit code 0
  absl::Status Stop();

  // The process to kill, or -1 when it does not run just now.
  pid_t Find(Victim victim) const;
  // kill -9 of a process that Find gave. One of the three programs is started again after `pause`, as systemd would: call KeepRunning
  // often. Children are the agent's to replace; where it is the agent that is killed, they are to end too.
  //
  // INTERNAL  a child of the agent that was killed goes on
  absl::Status Kill(Victim victim, pid_t pid, absl::Duration pause);
  // INTERNAL  a program ended that nobody killed
  absl::Status KeepRunning();

  v1::SearchService::Stub& searches() const { return *searches_; }
  std::string server_state() const { return folder_ + "/server"; }
  // What the programs wrote, for people.
  std::string Logs() const;

 private:
  struct Program {
    std::string name;
    std::vector<std::string> argv;
    ChildProcess process;
    bool killed = false;
    absl::Time start_again;  // When killed.
  };

  absl::Status Run(Program& program) const;
  absl::Status AwaitAddress();
  Program& ProgramOf(Victim victim);
  std::string LogFile(const std::string& name) const { return folder_ + "/" + name + ".log"; }

  const std::string folder_, cache_;
  std::string address_;
  Program server_, worker_, agent_;
  std::unique_ptr<v1::SearchService::Stub> searches_;
};

}  // namespace boardloop
