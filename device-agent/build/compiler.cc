#include "device-agent/build/compiler.h"

#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "device-agent/build/linker_script.h"

namespace boardloop {
namespace {

// Far above what a compile takes on a loaded machine (a network: below a second).
constexpr absl::Duration kDeadline = absl::Minutes(5);
constexpr int64_t kOutputBytes = int64_t{4} << 20;
constexpr size_t kErrorLines = 5;

// The lines of the compiler's output that say what is wrong; all if none is marked as an error.
std::string FirstErrors(const std::string& output) {
  const std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  std::vector<std::string> errors;
  for (const std::string& line : lines) {
    if (absl::StrContains(line, "rror") || absl::StrContains(line, "undefined")) {
      errors.push_back(line);
    }
  }
  if (errors.empty()) errors = lines;
  if (errors.size() > kErrorLines) errors.resize(kErrorLines);
  return absl::StrJoin(errors, "\n");
}

bool DiskIsFull(const std::string& output) {
  return absl::StrContains(output, "No space left on device") ||
         absl::StrContains(output, "Disk quota exceeded") ||
         absl::StrContains(output, "File too large");
}

absl::Status Failure(const std::string& doing, const std::string& output) {
  if (DiskIsFull(output)) {
    return absl::UnavailableError(
        absl::StrFormat("%s: no space for its output: %s", doing, FirstErrors(output)));
  }
  return absl::FailedPreconditionError(
      absl::StrFormat("%s failed:\n%s", doing, FirstErrors(output)));
}

absl::Status TooLarge(const BoardType& board, const std::string& memory, int64_t bytes) {
  if (memory == kFlashMemory) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("the program is %d B larger than the %d B of flash of %s", bytes,
                        board.FlashBytes(), board.name));
  }
  return absl::ResourceExhaustedError(
      absl::StrFormat("stack, data and arena are %d B larger than the RAM that holds them on %s",
                      bytes, board.name));
}

// ld: "region `flash' overflowed by 1234 bytes".
absl::Status LinkFailure(const BoardType& board, const std::string& output) {
  static const std::regex kOverflow("region `(\\w+)' overflowed by (\\d+) byte");
  std::smatch match;
  if (std::regex_search(output, match, kOverflow) &&
      (match[1] == kFlashMemory || match[1] == kDataMemory)) {
    return TooLarge(board, match[1], std::stoll(match[2]));
  }
  return Failure("link", output);
}

absl::StatusOr<ProcessOutput> RunTool(const std::vector<std::string>& argv,
                                      const std::string& folder) {
  return RunProcess(argv, "", {kDeadline, kOutputBytes}, {folder});
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TargetFlags(const BoardType& board) {
  std::string fpu;
  if (board.core == "cortex-m4") {
    fpu = "fpv4-sp-d16";
  } else if (board.core == "cortex-m7") {
    fpu = board.support->double_fpu ? "fpv5-d16" : "fpv5-sp-d16";
  } else {
    return absl::FailedPreconditionError(
        absl::StrFormat("board type %s has a %s core; there is firmware for cortex-m4 and "
                        "cortex-m7",
                        board.name, board.core));
  }
  return std::vector<std::string>{absl::StrCat("-mcpu=", board.core), "-mthumb", "-mfloat-abi=hard",
                                  absl::StrCat("-mfpu=", fpu)};
}

std::vector<std::string> CommonFlags() {
  // -pipe: no temporary files outside the scratch folder.
  return {"-pipe", "-std=c11", "-ffunction-sections", "-fdata-sections", "-fno-common"};
}

absl::Status Compile(const Toolchain& toolchain, const CompileJob& job) {
  std::vector<std::string> argv = {toolchain.Tool("gcc")};
  argv.insert(argv.end(), job.flags.begin(), job.flags.end());
  argv.insert(argv.end(), {absl::StrCat("-ffile-prefix-map=", job.include_folder, "=."), "-I",
                           job.include_folder, "-c", job.source, "-o", job.object});
  const std::string doing = absl::StrCat("compile ", job.source);
  absl::StatusOr<ProcessOutput> output = RunTool(argv, job.working_folder);
  BL_RETURN_IF_ERROR(Annotate(output.status(), doing));
  return output->exit_code == 0 ? absl::OkStatus() : Failure(doing, output->err);
}

absl::Status Link(const Toolchain& toolchain, const BoardType& board, const LinkJob& job) {
  // In a file: the resident image has hundreds of objects and symbols.
  std::string arguments;
  for (const std::string& symbol : job.keep) absl::StrAppend(&arguments, "-Wl,-u,", symbol, "\n");
  for (const std::string& object : job.objects) absl::StrAppend(&arguments, object, "\n");
  const std::string response_file = absl::StrCat(job.working_folder, "/objects");
  absl::Status written = WriteFileAtomically(response_file, arguments);
  if (!written.ok()) return absl::UnavailableError(std::string(written.message()));

  std::vector<std::string> argv = {toolchain.Tool("gcc")};
  argv.insert(argv.end(), job.flags.begin(), job.flags.end());
  argv.insert(argv.end(),
              {"-nostartfiles", "-nodefaultlibs", "-Wl,--gc-sections", "-Wl,--build-id=none",
               "-Wl,-n", "-T", job.script, absl::StrCat("@", response_file), "-Wl,--start-group",
               "-lc", "-lm", "-lgcc", "-Wl,--end-group", "-o", job.elf});
  absl::StatusOr<ProcessOutput> output = RunTool(argv, job.working_folder);
  BL_RETURN_IF_ERROR(Annotate(output.status(), "link"));
  return output->exit_code == 0 ? absl::OkStatus() : LinkFailure(board, output->err);
}

}  // namespace boardloop
