// boardloop doctor: what this machine has, and what it lacks.

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/client/target.h"
#include "cli/doctor/commands.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/local_host.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kHelp[] =
    "Looks at this machine: what it has for each role, what it lacks, what to do";

constexpr char kNotes[] =
    R"(Roles: `user` runs boardloop, `server` the coordinator, `worker` trains, `agent` has boards, `containers` runs our images.

  ok        there
  warning   works, but look at it
  optional  not there, and needed for a part only
  MISSING   the role cannot work without

Exit code 0: every role that was asked for can work. Nothing is changed by looking.
`boardloop-agent check --board NAME` also measures on a board.

Examples:
  boardloop doctor
  boardloop doctor --role agent
  boardloop doctor --role server --role user --json
)";

struct Flags {
  std::vector<std::string> roles = {"all"};
  TargetFlags target;
  bool json = false;
};

std::set<Role> RolesOf(const std::vector<std::string>& names) {
  std::set<Role> roles;
  for (const Role role : kRoles) {
    const bool asked = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name == "all" || name == RoleName(role);
    });
    if (asked) roles.insert(role);
  }
  return roles;
}

absl::StatusOr<ExitCode> RunDoctor(const Flags& flags) {
  BL_ASSIGN_OR_RETURN(const Target coordinator, FindTarget(flags.target));
  const std::vector<RoleReport> reports =
      Examine(LocalHost(), AllChecks(BOARDLOOP_VERSION, coordinator), RolesOf(flags.roles));
  BL_RETURN_IF_ERROR(
      WriteResults(flags.json ? JsonText(DoctorJson(reports)) : DoctorText(reports)));
  const bool all = std::all_of(reports.begin(), reports.end(),
                               [](const RoleReport& report) { return report.CanWork(); });
  return all ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

void AddDoctorCommand(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("doctor", kHelp);
  command.footer(kNotes);
  auto flags = std::make_shared<Flags>();
  std::vector<std::string> names = {"all"};
  for (const Role role : kRoles) names.emplace_back(RoleName(role));
  command.add_option("--role", flags->roles, "What the machine is to be; may be repeated")
      ->type_name("user|worker|agent|server|containers|all")
      ->check(CLI::IsMember(names))
      ->default_str("all");
  AddTarget(command, flags->target);
  AddJson(command, flags->json);
  command.callback([flags, &action] { action = [flags] { return RunDoctor(*flags); }; });
}

}  // namespace boardloop
