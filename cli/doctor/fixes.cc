#include "cli/doctor/fixes.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace boardloop {
namespace {

bool HasApt(const Host& host) {
  const absl::StatusOr<std::string> release = host.Read("/etc/os-release");
  if (!release.ok()) return false;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(*release, '\n'))) {
    if (line == "ID=debian" || line == "ID=ubuntu") return true;
  }
  return false;
}

}  // namespace

std::string InstallFix(const Host& host, const std::string& packages) {
  if (HasApt(host)) return absl::StrCat("sudo apt-get install ", packages);
  return absl::StrCat("install what Debian has in ", packages);
}

std::string BuildFix(const std::string& program) {
  return absl::StrFormat("deploy/build.sh --target %s, or install it beside boardloop", program);
}

}  // namespace boardloop
