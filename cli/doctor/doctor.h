// Looks at a machine and says what each role finds there.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/client/target.h"
#include "cli/doctor/check.h"
#include "nlohmann/json.hpp"

namespace boardloop {

// What a machine can be.
enum class Role { kUser, kWorker, kAgent, kServer, kContainers };
inline constexpr Role kRoles[] = {Role::kUser, Role::kWorker, Role::kAgent, Role::kServer,
                                  Role::kContainers};
const char* RoleName(Role role);  // "user"

// A check, and the roles that it matters to.
struct RoleCheck {
  std::set<Role> roles;
  std::unique_ptr<Check> check;
};

// All that is looked at. `version` is ours, `server` the coordinator that would be asked.
std::vector<RoleCheck> AllChecks(const std::string& version, const Target& coordinator);

struct RoleReport {
  Role role = Role::kUser;
  std::vector<Finding> findings;

  bool CanWork() const;  // Nothing is missing.
};

// Each check is carried out once, if one of `roles` needs it.
std::vector<RoleReport> Examine(const Host& host, const std::vector<RoleCheck>& checks,
                                const std::set<Role>& roles);

// A table of each role, and below it what to do.
std::string DoctorText(const std::vector<RoleReport>& reports);
nlohmann::ordered_json DoctorJson(const std::vector<RoleReport>& reports);

}  // namespace boardloop
