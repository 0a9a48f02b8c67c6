#include "device-agent/build/toolchain.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/process.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

constexpr char kDefaultPrefix[] = "arm-none-eabi-";
constexpr absl::Duration kDeadline = absl::Seconds(60);

std::string PrefixToUse(const std::string& prefix) {
  if (!prefix.empty()) return prefix;
  const char* variable = std::getenv("BOARDLOOP_TOOLCHAIN");
  return variable != nullptr && *variable != '\0' ? variable : kDefaultPrefix;
}

absl::Status NoCompiler(const std::string& compiler) {
  return absl::NotFoundError(absl::StrFormat(
      "no compiler %s; install gcc-arm-none-eabi, binutils-arm-none-eabi and "
      "libnewlib-arm-none-eabi (deploy/install-deps.sh), or set BOARDLOOP_TOOLCHAIN to the prefix "
      "of another one, as in /opt/arm/bin/arm-none-eabi-",
      compiler));
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

absl::StatusOr<std::string> Version(const std::string& compiler) {
  absl::StatusOr<ProcessOutput> output = RunProcess({compiler, "--version"}, "", {kDeadline});
  if (absl::IsNotFound(output.status())) return NoCompiler(compiler);
  BL_RETURN_IF_ERROR(output.status());
  if (output->exit_code != 0 || output->out.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s --version failed: %s", compiler, FirstLine(output->err)));
  }
  return FirstLine(output->out);
}

// A compiler for something else, or without a C library, would fail later and less clearly.
absl::Status CheckTarget(const std::string& compiler) {
  BL_ASSIGN_OR_RETURN(
      ProcessOutput output,
      RunProcess({compiler, "-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16",
                  "-x", "c", "-S", "-o", "-", "-include", "string.h", "/dev/null"},
                 "", {kDeadline}));
  if (output.exit_code == 0) return absl::OkStatus();
  const bool no_library = absl::StrContains(output.err, "string.h");
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s cannot compile for Cortex-M%s: %s", compiler,
      no_library ? " (install libnewlib-arm-none-eabi)" : "", FirstLine(output.err)));
}

}  // namespace

absl::StatusOr<Toolchain> FindToolchain(const std::string& prefix) {
  Toolchain toolchain;
  toolchain.prefix = PrefixToUse(prefix);
  BL_ASSIGN_OR_RETURN(toolchain.version, Version(toolchain.Tool("gcc")));
  BL_RETURN_IF_ERROR(CheckTarget(toolchain.Tool("gcc")));
  return toolchain;
}

}  // namespace boardloop
