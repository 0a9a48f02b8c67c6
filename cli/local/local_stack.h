// The local stack: a coordinator, a worker and a device agent with virtual boards on this machine, their state in one folder.
//
//   stack.json            which processes run, where the coordinator is, and what it was started with
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
#include "cli/local/stack_config.h"

namespace boardloop {

struct StackOptions {
  std::string folder;
  StackRequest request;
  std::function<void(const std::string& line)> progress;  // May be empty.
};

// A board of the stack that nothing is measured on.
struct BoardOutOfService {
  std::string name;    // "boards/{board}"
  std::string state;   // "QUARANTINED"
  std::string reason;  // In the words of who took it out.
};

struct Stack {
  std::string address;
  StackConfig config;
  std::map<std::string, Daemon> programs;  // "server", "worker", "agent"
  // Of StartStack only, all that follow.
  std::map<std::string, std::string> metrics;  // HOST:PORT of those programs that show some.
  int boards_in_service = 0;
  std::vector<BoardOutOfService> boards_out_of_service;
};

// $XDG_STATE_HOME/boardloop/local, else ~/.local/state/boardloop/local.
std::string DefaultStackFolder();

// What runs by the folder's stack.json; nullopt when nothing does.
absl::StatusOr<std::optional<Stack>> FindStack(const std::string& folder);

// Starts what is missing, and waits until the worker is in service and the boards are, or are known not to be: then all programs
// run on, for whoever looks after the boards. Programs are those beside this one.
//
// INVALID_ARGUMENT     statuses of CheckedRequest: nothing was begun
// NOT_FOUND            a program is not there, or what CheckedRequest looks for
// FAILED_PRECONDITION  what runs was started with other things than are asked for: nothing was changed; or a program ended at once: the message has the last lines that it wrote, and what this call started has been ended
// DEADLINE_EXCEEDED    the boards are not checked in time; or another `up` or `down` does not come to an end
absl::StatusOr<Stack> StartStack(const StackOptions& options);

// Ends the programs, coordinator last. OK when none runs, which `progress` is told. The state stays.
absl::Status StopStack(const std::string& folder,
                       const std::function<void(const std::string& line)>& progress);

}  // namespace boardloop
