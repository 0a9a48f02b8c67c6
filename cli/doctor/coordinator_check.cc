#include "cli/doctor/coordinator_check.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/channel.h"
#include "cli/http/metrics_endpoint.h"
#include "core/identity/identity_folder.h"

namespace boardloop {
namespace {

using State = Finding::State;

// From its metrics, which are at the usual port of its host; empty: not known.
std::string VersionOf(const Host& host, const std::string& address) {
  const absl::StatusOr<HostPort> server = ParseHostPort(address);
  const absl::StatusOr<HostPort> metrics = ParseHostPort(kServerMetrics);
  if (!server.ok() || !metrics.ok()) return "";
  const std::string text =
      host.Fetch(absl::StrCat(server->host, ":", metrics->port), "/metrics").value_or("");
  const std::string label = "boardloop_build_info{program=\"boardloop-server\",version=\"";
  const size_t begin = text.find(label);
  if (begin == std::string::npos) return "";
  const size_t version = begin + label.size();
  return text.substr(version, text.find('"', version) - version);
}

}  // namespace

std::vector<Finding> CoordinatorCheck::Look(const Host& host) const {
  std::vector<Finding> findings = LookAtKey(host);
  findings.push_back(LookAtCoordinator(host));
  return findings;
}

std::vector<Finding> CoordinatorCheck::LookAtKey(const Host& host) const {
  const std::string key = KeyFileIn(coordinator_.identity);
  if (coordinator_.identity.empty() || !host.AnybodyMayRead(key)) return {};
  return {{"identity", State::kWarning,
           absl::StrFormat("everybody on this machine may read the private key %s", key),
           absl::StrCat("chmod 600 ", key)}};
}

Finding CoordinatorCheck::LookAtCoordinator(const Host& host) const {
  const std::string& address = coordinator_.address;
  const absl::StatusOr<std::string> farm = host.AskCoordinator(coordinator_);
  if (absl::IsUnavailable(farm.status())) {
    return {"coordinator", State::kOptional, absl::StrCat("none answers at ", address),
            "boardloop up, or BOARDLOOP_SERVER=HOST:PORT for another one"};
  }
  if (!farm.ok()) {
    return {"coordinator", State::kWarning,
            absl::StrFormat("one is at %s: %s", address, std::string(farm.status().message())),
            "docs/security.md says who may what"};
  }
  const std::string version = VersionOf(host, address);
  const std::string text =
      absl::StrFormat("answers at %s%s, %s", address,
                      version.empty() ? "" : absl::StrCat(", version ", version), *farm);
  if (version.empty() || version == version_) return {"coordinator", State::kOk, text, ""};
  return {"coordinator", State::kWarning,
          absl::StrFormat("%s; this is boardloop %s", text, version_),
          "install the same release on both machines"};
}

}  // namespace boardloop
