// The local stack: a coordinator, a worker and a device agent with virtual boards on this machine, their state in one folder.
//
//   stack.json            which processes run, and where the coordinator is
//   server/, worker/, agent/   their states
//   logs/                 what they say
//   lock                  held while an `up` or `down` works in the folder: a second one waits (folder_lock.h)
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/local/daemon.h"

namespace boardloop {

struct StackOptions {
  std::string folder;
  std::string listen = "127.0.0.1:7411";
  std::vector<std::string> virtual_boards = {"virtual-stm32f405:2"};  // TYPE[:N]
  std::string bench;  // Bench file, beside the virtual boards; may be empty.
  int32_t threads = 2;
  bool worker = true;
  std::function<void(const std::string& line)> progress;  // May be empty.
};

struct Stack {
  std::string address;
  std::map<std::string, Daemon> programs;  // "server", "worker", "agent"
};

// $XDG_STATE_HOME/boardloop/local, else ~/.local/state/boardloop/local.
std::string DefaultStackFolder();

// What runs by the folder's stack.json; nullopt when nothing does.
absl::StatusOr<std::optional<Stack>> FindStack(const std::string& folder);

// Starts what is missing, and waits until boards and worker are in service. Programs are those beside this one.
//
// NOT_FOUND            a program is not there
// FAILED_PRECONDITION  a program ended at once: the message has the last lines of its log
// DEADLINE_EXCEEDED    no board comes into service; or another `up` or `down` does not come to an end
absl::StatusOr<Stack> StartStack(const StackOptions& options);

// Ends the programs, coordinator last. OK when none runs, which `progress` is told. The state stays.
absl::Status StopStack(const std::string& folder,
                       const std::function<void(const std::string& line)>& progress);

}  // namespace boardloop
