// Flags that the commands of a coordinator share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/remote/connection.h"

namespace boardloop {

// The groups under which --help lists commands.
inline constexpr char kSearchGroup[] = "Searches on a coordinator";
inline constexpr char kFarmGroup[] = "Farm of a coordinator";

// What every command has.
struct RemoteFlags {
  TargetFlags target;
  bool json = false;
};

// --server, --identity, --json.
void AddRemoteFlags(CLI::App& command, RemoteFlags& flags);

// A required positional NAME; `type` is SEARCH, BOARD or NAME, for help and completion.
void AddName(CLI::App& command, std::string& name, const std::string& type,
             const std::string& help);

// --quiet: names alone, one a line, for scripts.
void AddQuiet(CLI::App& command, bool& quiet);
// --limit N, 0 for all.
void AddLimit(CLI::App& command, int32_t& limit, const std::string& what);
// --request-id UUID
void AddRequestId(CLI::App& command, std::string& request_id);
// `request_id`, or a new random one.
std::string RequestIdOr(const std::string& request_id);
// Says how to repeat a request whose answer was lost.
absl::Status WithRequestId(const absl::Status& status, const std::string& request_id);

// Makes `command`, when it is named, connect and run `run` with its flags.
template <typename Flags>
void RunOnServer(CLI::App& command, Action& action, std::shared_ptr<Flags> flags,
                 absl::StatusOr<ExitCode> (*run)(Connection&, const Flags&)) {
  command.callback([flags, run, &action] {
    action = [flags, run] {
      return WithServer(flags->remote.target,
                        [&](Connection& connection) { return run(connection, *flags); });
    };
  });
}

}  // namespace boardloop
