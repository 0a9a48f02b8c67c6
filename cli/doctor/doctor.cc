#include "cli/doctor/doctor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/table.h"
#include "core/base/text.h"

namespace boardloop {
namespace {

const char* StateName(Finding::State state) {
  switch (state) {
    case Finding::State::kOk:
      return "ok";
    case Finding::State::kWarning:
      return "warning";
    case Finding::State::kOptional:
      return "optional";
    case Finding::State::kMissing:
      break;
  }
  return "MISSING";
}

std::string TextOf(const RoleReport& report) {
  Table table({{RoleName(report.role), Align::kLeft}, {"", Align::kLeft}, {"found", Align::kLeft}});
  std::string fixes;
  for (const Finding& finding : report.findings) {
    table.AddRow({finding.name, StateName(finding.state), finding.text});
    if (finding.fix.empty()) continue;
    absl::StrAppendFormat(&fixes, "  %s: %s\n", Printable(finding.name), Printable(finding.fix));
  }
  return absl::StrCat(table.Text(), fixes.empty() ? "" : "what to do:\n", fixes,
                      report.CanWork() ? "can work" : "CANNOT work", " as ", RoleName(report.role),
                      "\n");
}

}  // namespace

const char* RoleName(Role role) {
  switch (role) {
    case Role::kUser:
      return "user";
    case Role::kWorker:
      return "worker";
    case Role::kAgent:
      return "agent";
    case Role::kServer:
      return "server";
    case Role::kContainers:
      break;
  }
  return "containers";
}

bool RoleReport::CanWork() const {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.state == Finding::State::kMissing;
  });
}

std::vector<RoleReport> Examine(const Host& host, const std::vector<RoleCheck>& checks,
                                const std::set<Role>& roles) {
  std::vector<RoleReport> reports;
  for (const Role role : roles) reports.push_back({role, {}});
  for (const RoleCheck& entry : checks) {
    const bool asked = std::any_of(entry.roles.begin(), entry.roles.end(),
                                   [&](Role role) { return roles.count(role) > 0; });
    if (!asked) continue;
    const std::vector<Finding> findings = entry.check->Look(host);
    for (RoleReport& report : reports) {
      if (entry.roles.count(report.role) == 0) continue;
      report.findings.insert(report.findings.end(), findings.begin(), findings.end());
    }
  }
  return reports;
}

std::string DoctorText(const std::vector<RoleReport>& reports) {
  std::string text;
  for (const RoleReport& report : reports) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", TextOf(report));
  }
  return text;
}

nlohmann::ordered_json DoctorJson(const std::vector<RoleReport>& reports) {
  nlohmann::ordered_json roles = nlohmann::ordered_json::array();
  bool all = true;
  for (const RoleReport& report : reports) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const Finding& finding : report.findings) {
      // In lower case here: a table's capitals are for the eye.
      const bool missing = finding.state == Finding::State::kMissing;
      findings.push_back({{"check", finding.name},
                          {"state", missing ? "missing" : StateName(finding.state)},
                          {"text", finding.text},
                          {"fix", finding.fix}});
    }
    all = all && report.CanWork();
    roles.push_back({{"role", RoleName(report.role)},
                     {"can_work", report.CanWork()},
                     {"findings", std::move(findings)}});
  }
  return {{"can_work", all}, {"roles", std::move(roles)}};
}

}  // namespace boardloop
