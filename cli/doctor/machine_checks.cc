#include "cli/doctor/machine_checks.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/client/channel.h"
#include "cli/doctor/fixes.h"
#include "cli/http/metrics_endpoint.h"

namespace boardloop {
namespace {

using State = Finding::State;

constexpr double kGiB = 1 << 30;
// A search of the demo leaves about 200 MB, a large super-network's checkpoints some GB.
constexpr int64_t kLittleSpace = int64_t{5} << 30, kNoSpace = int64_t{200} << 20;
constexpr int64_t kFirstYear = 2026, kLastYear = 2100;
// Where Debian's package dataset-fashion-mnist puts its files.
constexpr char kFashionMnist[] = "/usr/share/datasets/fashion-mnist";

std::string StateRoot(const Host& host) {
  const std::string state = host.Variable("XDG_STATE_HOME");
  if (!state.empty()) return state + "/boardloop";
  const std::string home = host.Variable("HOME");
  return absl::StrCat(home.empty() ? "." : home, "/.local/state/boardloop");
}

// `path` or the nearest folder above it that is there.
std::string Existing(const Host& host, std::string path) {
  while (!host.Exists(path)) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    if (slash == 0) return "/";
    path.resize(slash);
  }
  return path;
}

}  // namespace

std::vector<Finding> SizeCheck::Look(const Host& host) const {
  const std::string text = absl::StrFormat("%d processors, %.1f GiB of memory", host.Processors(),
                                           static_cast<double>(host.MemoryBytes()) / kGiB);
  if (host.MemoryBytes() >= memory_bytes_) return {{"machine", State::kOk, text, ""}};
  return {{"machine", State::kWarning,
           absl::StrFormat("%s; below %.0f GiB large networks may not fit", text,
                           static_cast<double>(memory_bytes_) / kGiB),
           "smaller batches and fewer --threads take less"}};
}

std::vector<Finding> ClockCheck::Look(const Host& host) const {
  const int64_t year = absl::UTCTimeZone().At(host.Now()).cs.year();
  const std::string text =
      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", host.Now(), absl::UTCTimeZone());
  if (year >= kFirstYear && year <= kLastYear) return {{"clock", State::kOk, text, ""}};
  return {{"clock", State::kMissing,
           absl::StrCat(text, " cannot be: certificates would be refused"),
           "sudo timedatectl set-ntp true"}};
}

std::vector<Finding> StateFolderCheck::Look(const Host& host) const {
  const std::string folder = absl::StrCat(StateRoot(host), part_.empty() ? "" : "/", part_);
  const std::string there = Existing(host, folder);
  if (!host.MayWrite(there)) {
    return {{"state folder", State::kMissing, absl::StrFormat("%s may not be written", there),
             absl::StrFormat("sudo chown \"$USER\" %s, or --state with another folder", there)}};
  }
  const absl::StatusOr<DiskSpace> disk = host.Disk(there);
  if (!disk.ok()) {
    return {{"state folder", State::kMissing, std::string(disk.status().message()),
             "--state with another folder"}};
  }
  const std::string text =
      absl::StrFormat("%.1f GiB free for %s (%s)", static_cast<double>(disk->free_bytes) / kGiB,
                      folder, disk->filesystem);
  std::vector<Finding> findings = {{"state folder", State::kOk, text, ""}};
  Finding& finding = findings[0];
  if (disk->free_bytes < kLittleSpace) {
    finding.state = disk->free_bytes < kNoSpace ? State::kMissing : State::kWarning;
    finding.fix = "make room, or --state with a folder on another disk";
  }
  if (has_database_ && disk->is_network) {
    findings.push_back({"database", State::kWarning,
                        absl::StrFormat("%s is a network file system: SQLite's locks and its log "
                                        "cannot be trusted there",
                                        disk->filesystem),
                        "--state with a folder on a disk of this machine"});
  }
  return findings;
}

std::vector<Finding> PortCheck::Look(const Host& host) const {
  const std::string name = absl::StrCat("port ", port_);
  if (host.PortIsFree(port_)) return {{name, State::kOk, absl::StrCat("free, for ", what_), ""}};
  const std::string address = absl::StrCat("127.0.0.1:", port_);
  // One with TLS wants an identity, and has said so then.
  const bool ours = needed_ ? !absl::IsUnavailable(host.AskCoordinator({address, ""}).status())
                            : host.Fetch(address, "/healthz").value_or("") == "ok\n";
  if (ours) return {{name, State::kOk, absl::StrCat("taken, by ", what_), ""}};
  return {{name, State::kWarning, absl::StrFormat("in use, usually it is that of %s", what_),
           absl::StrFormat("%s 127.0.0.1:0 takes any other; `ss --listening --tcp --processes` "
                           "says who has it",
                           flag_)}};
}

std::vector<Finding> DatasetCheck::Look(const Host& host) const {
  if (host.Exists(kFashionMnist)) return {{"data sets", State::kOk, kFashionMnist, ""}};
  return {{"data sets", State::kOptional,
           "Fashion-MNIST, which the presets train on, is not there: bring a data set of your own",
           InstallFix(host, "dataset-fashion-mnist")}};
}

}  // namespace boardloop
