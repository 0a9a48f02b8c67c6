#include "device-agent/virtual/qemu/qmp_client.h"

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace boardloop::vboard {

QemuVersion QmpClient::Start() {
  const nlohmann::json greeting = nlohmann::json::parse(lines_.ReceiveLine(), nullptr, false);
  if (greeting.is_discarded() || !greeting.contains("QMP")) return {};
  Command("{\"execute\":\"qmp_capabilities\"}");
  const nlohmann::json& version = greeting["QMP"]["version"]["qemu"];
  return {version.value("major", 0), version.value("minor", 0)};
}

void QmpClient::Reset() {
  const int before = resets_seen_;
  // QEMU is started with resets made into stops, for those the firmware asks for. This one is real.
  SetRebootAction("reset");
  Command("{\"execute\":\"system_reset\"}");
  while (!lines_.gone() && resets_seen_ == before) {
    if (lines_.ReceiveLine().find("\"RESET\"") != std::string::npos) ++resets_seen_;
  }
  SetRebootAction("shutdown");
}

void QmpClient::SetRebootAction(const std::string& action) {
  Command(
      absl::StrFormat("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"%s\"}}", action));
}

void QmpClient::Command(const std::string& command) {
  lines_.Send(command + "\n");
  while (!lines_.gone()) {
    const std::string line = lines_.ReceiveLine();
    if (line.find("\"RESET\"") != std::string::npos) ++resets_seen_;
    if (line.find("\"return\"") != std::string::npos) return;
    if (line.find("\"error\"") != std::string::npos) return;
  }
}

}  // namespace boardloop::vboard
