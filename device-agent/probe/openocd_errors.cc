#include "device-agent/probe/openocd_errors.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace boardloop {
namespace {

struct Rule {
  const char* text;  // In a line of OpenOCD's, in lower case.
  absl::StatusCode code;
  const char* advice;
};

// The first rule that a line meets holds; more particular ones come first. Texts of OpenOCD 0.12.
constexpr Rule kRules[] = {
    {"libusb_error_access", absl::StatusCode::kPermissionDenied,
     "no permission on the probe's USB device: `boardloop-agent check` prints the udev rule to "
     "add"},
    {"can't find ", absl::StatusCode::kInvalidArgument,
     "OpenOCD has no such configuration file: see `interface` in the bench file"},
    {"checksum mismatch", absl::StatusCode::kDataLoss, "flash differs from what was written"},
    {"contents differ", absl::StatusCode::kDataLoss, "flash differs from what was written"},
    {"device protected", absl::StatusCode::kFailedPrecondition,
     "the chip's flash is read protected: unlock it first"},
    {"stm32x device protected", absl::StatusCode::kFailedPrecondition,
     "the chip's flash is read protected: unlock it first"},
    {"is write protected", absl::StatusCode::kFailedPrecondition,
     "sectors of the chip's flash are write protected"},
    {"cannot identify target as", absl::StatusCode::kFailedPrecondition,
     "this is not the MCU that the board type says"},
    {"unexpected idcode", absl::StatusCode::kFailedPrecondition,
     "this is not the MCU that the board type says"},
    {"no flash at address", absl::StatusCode::kFailedPrecondition,
     "the image lies outside the chip's flash"},
    {"transport", absl::StatusCode::kInvalidArgument,
     "the interface configuration and the transport do not match: see the bench file"},
    {"invalid command name", absl::StatusCode::kInvalidArgument,
     "this OpenOCD does not know the command; 0.12 is needed"},
    {"couldn't bind", absl::StatusCode::kUnavailable, "a port is in use"},
    {"failed erasing", absl::StatusCode::kDataLoss, "the chip does not erase its flash"},
    {"error writing", absl::StatusCode::kDataLoss, "the chip does not take the data"},
    {"libusb_error_no_device", absl::StatusCode::kUnavailable, "the probe is unplugged"},
    {"failed to receive usb", absl::StatusCode::kUnavailable, "the link to the probe was lost"},
    {"failed to send usb", absl::StatusCode::kUnavailable, "the link to the probe was lost"},
    {"open failed", absl::StatusCode::kUnavailable, "no such probe: is it plugged in?"},
    {"unable to find", absl::StatusCode::kUnavailable, "no such probe: is it plugged in?"},
    {"cannot read idr", absl::StatusCode::kUnavailable,
     "the probe answers, the board does not: is it powered?"},
    {"unable to connect to the target", absl::StatusCode::kUnavailable,
     "the probe answers, the board does not: is it powered?"},
};

const Rule* RuleOf(const std::string& line) {
  const std::string lower = absl::AsciiStrToLower(line);
  for (const Rule& rule : kRules) {
    if (absl::StrContains(lower, rule.text)) return &rule;
  }
  return nullptr;
}

std::string WithoutLevel(std::string line) {
  line = std::string(absl::StripAsciiWhitespace(line));
  return absl::StartsWith(line, "Error: ") ? line.substr(7) : line;
}

}  // namespace

absl::Status OpenOcdError(const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipWhitespace());
  // Rules in order, so that a general complaint does not hide a particular one.
  for (const Rule& rule : kRules) {
    for (const std::string& line : lines) {
      // Warnings and information are not why it failed.
      if (absl::StartsWith(line, "Info :") || absl::StartsWith(line, "Warn :")) continue;
      const Rule* found = RuleOf(line);
      if (found != &rule) continue;
      return absl::Status(rule.code,
                          absl::StrCat(rule.advice, " (OpenOCD: ", WithoutLevel(line), ")"));
    }
  }
  std::string what = "no message";
  for (const std::string& line : lines) {
    if (what == "no message" || absl::StartsWith(line, "Error: ")) what = WithoutLevel(line);
    if (absl::StartsWith(line, "Error: ")) break;
  }
  return absl::UnavailableError(
      absl::StrCat("the probe or the board does not answer (OpenOCD: ", what, ")"));
}

}  // namespace boardloop
