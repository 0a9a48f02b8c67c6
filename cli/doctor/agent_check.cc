#include "cli/doctor/agent_check.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "cli/doctor/fixes.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

using State = Finding::State;

constexpr char kAgent[] = "boardloop-agent";
constexpr char kProbes[] = "debug tools and probes";
constexpr char kUdevFix[] =
    "sudo cp deploy/systemd/60-boardloop-probes.rules /etc/udev/rules.d/ && sudo udevadm control "
    "--reload && sudo udevadm trigger, and plug the probe in again";

// By the names that the agent's checks have; what is not here says in its text what to do.
std::string FixOf(const Host& host, const std::string& check) {
  static const auto& packages = *new std::map<std::string, std::string>{
      {"compiler", "gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi"},
      {"OpenOCD", "openocd"},
      {"QEMU", "qemu-system-arm"}};
  const auto found = packages.find(check);
  if (found != packages.end()) return InstallFix(host, found->second);
  if (check == "virtual board") return BuildFix("boardloop-vboard");
  if (check == "pyOCD") return "deploy/install-pyocd.sh, for boards that are driven through it";
  return check == "USB permission" ? kUdevFix : "";
}

State StateOf(const std::string& verdict) {
  if (verdict == "good") return State::kOk;
  return verdict == "absent" ? State::kOptional : State::kMissing;
}

std::string TextIn(const nlohmann::json& item, const char* key) {
  if (!item.is_object()) return "";
  const auto found = item.find(key);
  return found != item.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::vector<Finding> AgentCheck::Look(const Host& host) const {
  const std::string path = host.Find(kAgent);
  if (path.empty()) return {};  // OwnProgramCheck says so.
  const absl::StatusOr<ProcessOutput> output = host.Run({path, "check", "--json"});
  if (!output.ok()) {
    return {{kProbes, State::kMissing, std::string(output.status().message()), ""}};
  }
  const nlohmann::json items =
      nlohmann::json::parse(output->out, nullptr, /*allow_exceptions=*/false);
  if (!items.is_array()) {
    return {{kProbes, State::kMissing,
             absl::StrCat("`", path, " check --json` does not say: ", output->err), ""}};
  }
  std::vector<Finding> findings;
  for (const nlohmann::json& item : items) {
    Finding finding;
    finding.name = TextIn(item, "check");
    finding.state = StateOf(TextIn(item, "verdict"));
    finding.text = TextIn(item, "text");
    if (finding.state != State::kOk) finding.fix = FixOf(host, finding.name);
    findings.push_back(finding);
  }
  return findings;
}

}  // namespace boardloop
