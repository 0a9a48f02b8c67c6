#include "device-agent/measure/self_check.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/space/space.h"
#include "core/space/subnet.h"
#include "device-agent/build/toolchain.h"
#include "device-agent/measure/measure.h"
#include "device-agent/measure/prepare.h"
#include "device-agent/probe/pyocd_probe.h"
#include "device-agent/virtual/plugin_path.h"

namespace boardloop {
namespace {

using Verdict = CheckItem::Verdict;

// The golden model: the smallest subnet of a preset.
constexpr char kGoldenSpace[] = "mbv2-imagenet";
constexpr double kGoldenWidth = 0.2;
constexpr int32_t kGoldenResolution = 48;
constexpr uint64_t kGoldenSeed = 20;
constexpr int32_t kGoldenInputs = 2;

// Cycles per MAC that a working Cortex-M4 or M7 can take for it. Small networks with few channels
// cost more than large ones; a wrong clock or a cache that is off shows in the second band.
constexpr double kFewestPerMac = 0.3, kMostPerMac = 30;
constexpr double kRepeatBand = 0.005;

// The first line of what a program says with `flag`.
absl::StatusOr<std::string> VersionOf(const std::string& program, const std::string& flag) {
  BL_ASSIGN_OR_RETURN(const ProcessOutput output,
                      RunProcess({program, flag}, "", {.deadline = absl::Seconds(20)}));
  const std::string text = output.out.empty() ? output.err : output.out;
  const std::string line = std::vector<std::string>(absl::StrSplit(text, '\n'))[0];
  if (output.exit_code != 0) {
    return absl::FailedPreconditionError(absl::StrFormat("`%s %s`: %s", program, flag, line));
  }
  return line;
}

// A virtual board needs its program and, where that looks for it, QEMU's plugin.
absl::StatusOr<std::string> VirtualBoardVersion() {
  const std::string program = FindVirtualBoardProgram();
  BL_ASSIGN_OR_RETURN(std::string version, VersionOf(program, "--version"));
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(program, error);
  // Of one that PATH gives, it says so itself when it starts.
  if (!error) BL_RETURN_IF_ERROR(FindCyclePlugin(path).status());
  return version;
}

CheckItem ToolItem(const std::string& name, const absl::StatusOr<std::string>& version,
                   const std::string& advice, Verdict when_absent) {
  if (version.ok()) return {name, Verdict::kGood, *version};
  const std::string why(version.status().message());
  return {name, when_absent, advice.empty() ? why : absl::StrCat(why, ": ", advice)};
}

absl::StatusOr<std::string> CompilerVersion() {
  BL_ASSIGN_OR_RETURN(const Toolchain toolchain, FindToolchain());
  return toolchain.version;
}

absl::StatusOr<std::string> PyOcdVersion() {
  BL_ASSIGN_OR_RETURN(const std::string python, PyOcdPython());
  BL_ASSIGN_OR_RETURN(const ProcessOutput output, RunProcess({python, "-m", "pyocd", "--version"},
                                                             "", {.deadline = absl::Seconds(30)}));
  return absl::StrCat("pyOCD ", std::vector<std::string>(absl::StrSplit(output.out, '\n'))[0]);
}

absl::StatusOr<Model> GoldenModel() {
  BL_ASSIGN_OR_RETURN(const Space space, SpacePreset(kGoldenSpace));
  BL_ASSIGN_OR_RETURN(const Graph graph,
                      BuildSubnet(space, SmallestSubnet(space, kGoldenWidth, kGoldenResolution)));
  return RandomModel(graph, kGoldenSeed);
}

std::string ImageOf(const Measurement& measurement) {
  for (const auto& [name, value] : measurement.provenance) {
    if (name == "image_sha256") return value;
  }
  return "";
}

CheckItem CheckCycles(Board& board, const Measurement& measurement) {
  const int64_t cycles = measurement.Median().cycles;
  const double per_mac = static_cast<double>(cycles) / static_cast<double>(measurement.macs);
  if (per_mac < kFewestPerMac || per_mac > kMostPerMac) {
    return {"golden cycles", Verdict::kBad,
            absl::StrFormat("%d cycles are %.2f per MAC, %.1f to %.0f are plausible: is the clock "
                            "set up, does the cycle counter run?",
                            cycles, per_mac, kFewestPerMac, kMostPerMac)};
  }
  const std::string image = ImageOf(measurement);
  const int64_t before = board.state().golden_image() == image ? board.state().golden_cycles() : 0;
  if (before > 0 &&
      std::abs(static_cast<double>(cycles - before)) > kRepeatBand * static_cast<double>(before)) {
    return {"golden cycles", Verdict::kBad,
            absl::StrFormat("%d cycles, this board took %d for the same image before: more than "
                            "%.1f %% apart",
                            cycles, before, 100 * kRepeatBand)};
  }
  const absl::Status kept = board.state().RememberGolden(image, cycles);
  if (!kept.ok()) return {"golden cycles", Verdict::kBad, std::string(kept.message())};
  return {"golden cycles", Verdict::kGood, absl::StrFormat("%d, %.2f per MAC", cycles, per_mac)};
}

// From the first good check, not the last: many small steps add up. 0 before there was one.
double GoldenDrift(const BoardState& state, const Measurement& measurement) {
  if (state.golden_image() != ImageOf(measurement) || state.golden_first_cycles() == 0) return 0;
  const auto first = static_cast<double>(state.golden_first_cycles());
  return std::abs(static_cast<double>(measurement.Median().cycles) - first) / first;
}

}  // namespace

std::vector<CheckItem> CheckTools() {
  std::vector<CheckItem> items;
  items.push_back(ToolItem("compiler", CompilerVersion(), "", Verdict::kBad));
  items.push_back(ToolItem("OpenOCD", VersionOf("openocd", "--version"),
                           "install the package openocd (0.12 or newer)", Verdict::kBad));
  items.push_back(ToolItem("QEMU", VersionOf("qemu-system-arm", "--version"),
                           "virtual boards need the package qemu-system-arm", Verdict::kAbsent));
  const absl::StatusOr<std::string> virtual_board = VirtualBoardVersion();
  items.push_back(ToolItem(
      "virtual board", virtual_board, "bin/ and lib/ of a build or an installation belong together",
      absl::IsFailedPrecondition(virtual_board.status()) ? Verdict::kBad : Verdict::kAbsent));
  items.push_back(ToolItem("pyOCD", PyOcdVersion(), "", Verdict::kAbsent));
  return items;
}

std::vector<CheckItem> CheckUsb(const std::vector<UsbProbe>& probes) {
  std::vector<CheckItem> items;
  if (probes.empty()) {
    items.push_back({"USB", Verdict::kAbsent, "no debug probe is plugged in"});
  }
  std::map<std::string, std::string> node_by_serial;
  for (const UsbProbe& probe : probes) {
    const std::string what =
        absl::StrFormat("%s %s:%s serial %s at %s", probe.name, probe.vendor, probe.product,
                        probe.serial.empty() ? "(none)" : probe.serial, probe.node);
    items.push_back({"USB", Verdict::kGood, what});
    if (!probe.permitted) {
      items.push_back(
          {"USB permission", Verdict::kBad,
           absl::StrFormat("%s may not be opened. Put this line into "
                           "/etc/udev/rules.d/60-boardloop.rules, run `udevadm control --reload` "
                           "and plug the probe in again: %s",
                           probe.node, UdevRule(probe))});
    }
    const auto [first, is_new] = node_by_serial.emplace(probe.serial, probe.node);
    if (!is_new) {
      items.push_back({"USB serials", Verdict::kBad,
                       absl::StrFormat("the probes at %s and %s have one serial number (%s): they "
                                       "cannot be told apart, use one of them or give it another "
                                       "firmware",
                                       first->second, probe.node,
                                       probe.serial.empty() ? "none" : probe.serial)});
    }
  }
  return items;
}

BoardCheck CheckBoard(Board& board, const Builder& builder, const StepObserver& observer) {
  BoardCheck check;
  std::vector<CheckItem>& items = check.items;
  const absl::Status connected = board.Connect();
  if (!connected.ok()) {
    const absl::Status noted = board.NoteResult(connected);
    std::string text(connected.message());
    if (!noted.ok()) absl::StrAppend(&text, "; ", std::string(noted.message()));
    items.push_back({"board", Verdict::kBad, text});
    return check;
  }
  items.push_back({"board", Verdict::kGood,
                   absl::StrFormat("%s, %s, unique id %s, device id 0x%08x, %d KiB flash",
                                   board.name(), board.type().name, board.identity().unique_id,
                                   board.identity().device_id, board.identity().flash_kib)});
  absl::StatusOr<Model> model = GoldenModel();
  if (!model.ok()) {
    items.push_back({"golden model", Verdict::kBad, std::string(model.status().message())});
    return check;
  }
  MeasureOptions options;
  options.inputs = kGoldenInputs;
  const PreparedMeasurement prepared =
      Preparer(board.type(), builder).Prepare(*std::move(model), "golden model", options, observer);
  const Measurement measurement = MeasurePrepared(prepared, board, observer);
  if (measurement.outcome != Outcome::kOk) {
    items.push_back({"golden model", Verdict::kBad,
                     absl::StrCat(OutcomeName(measurement.outcome), ": ", measurement.message)});
    return check;
  }
  items.push_back({"golden model", Verdict::kGood,
                   absl::StrFormat("%d outputs equal to the reference", measurement.inputs)});
  items.push_back(CheckCycles(board, measurement));
  check.golden_drift = GoldenDrift(board.state(), measurement);
  return check;
}

bool AllGood(const std::vector<CheckItem>& items) {
  for (const CheckItem& item : items) {
    if (item.verdict == Verdict::kBad) return false;
  }
  return true;
}

}  // namespace boardloop
