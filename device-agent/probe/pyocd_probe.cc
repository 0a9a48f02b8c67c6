#include "device-agent/probe/pyocd_probe.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "device-agent/probe/chip.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr char kPrompt[] = "pyocd> ";
constexpr int64_t kMaxReadBytes = int64_t{64} << 20;
constexpr size_t kMaxWordsWritten = 1024;  // In a command line.

// STM32F7: the flash as the ITCM bus sees it. pyOCD knows it only on the AXI bus.
constexpr uint32_t kItcmFlash = 0x00200000, kItcmFlashEnd = 0x00400000, kAxiFlash = 0x08000000;

uint32_t FlashAddress(const DebugTarget& target, uint32_t address) {
  const bool itcm = absl::StartsWith(target.openocd_target, "stm32f7") && address >= kItcmFlash &&
                    address < kItcmFlashEnd;
  return itcm ? address - kItcmFlash + kAxiFlash : address;
}

bool IsError(const std::string& line) {
  static const std::regex kLogged(R"(^\d+ [EC] )");
  return absl::StartsWith(line, "Error: ") || absl::StartsWith(line, "Transfer failed: ") ||
         std::regex_search(line, kLogged);
}

// Texts of pyOCD 0.4x; the message of the first line that says why.
absl::Status PyOcdError(const std::vector<std::string>& lines) {
  std::string first = lines.empty() ? "it ended without a message" : lines.back();
  for (const std::string& line : lines) {
    if (!IsError(line)) continue;
    first = line;
    break;
  }
  const std::string lower = absl::AsciiStrToLower(first);
  const auto says = [&](const char* text) { return absl::StrContains(lower, text); };
  const std::string message = absl::StrCat("(pyOCD: ", first, ")");
  if (says("not recognized") || says("target type")) {
    return absl::FailedPreconditionError("pyOCD does not know the target " + message);
  }
  if (says("locked") || says("protect")) {
    return absl::FailedPreconditionError("the chip is locked: unlock it first " + message);
  }
  if (says("permission") || says("access denied")) {
    return absl::PermissionDeniedError(
        "no permission on the probe's USB device: `boardloop-agent check` prints the udev rule "
        "to add " +
        message);
  }
  if (says("flash erase") || says("flash program") || says("flash init")) {
    return absl::DataLossError("the chip's flash does not take the image " + message);
  }
  return absl::UnavailableError("the probe or the board does not answer " + message);
}

}  // namespace

absl::StatusOr<std::string> PyOcdPython() {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("BOARDLOOP_PYOCD")) folders.emplace_back(variable);
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  folders.push_back(program.parent_path() / "../../../.venv/pyocd");
  for (const fs::path& folder : folders) {
    const fs::path python = (folder / "bin" / "python").lexically_normal();
    if (fs::exists(folder / "bin" / "pyocd", error) && fs::exists(python, error)) {
      return python.string();
    }
  }
  return absl::NotFoundError(
      "pyOCD is not installed: deploy/install-pyocd.sh puts it into a virtual environment; "
      "BOARDLOOP_PYOCD names another");
}

std::string VirtualPyOcdProbeId(int port) { return absl::StrFormat("remote:localhost:%d", port); }

PyOcdProbe::PyOcdProbe(Options options) : options_(std::move(options)) {}

// ---- The process.

absl::Status PyOcdProbe::Start(const Timer& timer) {
  if (process_.Running()) return absl::OkStatus();
  if (version_ == "pyOCD") {
    BL_ASSIGN_OR_RETURN(
        const ProcessOutput output,
        RunProcess({options_.python, "-m", "pyocd", "--version"}, "", {.deadline = timer.Left()}));
    version_ = absl::StrCat("pyOCD ", std::string(absl::StripAsciiWhitespace(output.out)));
  }
  BL_RETURN_IF_ERROR(input_.Open(options_.state_folder + "/pyocd.in"));
  // Unbuffered, without its history in the user's home, and without anybody's configuration.
  const std::vector<std::string> argv = {"env",
                                         "PYOCD_HISTORY=/dev/null",
                                         options_.python,
                                         "-u",
                                         "-m",
                                         "pyocd",
                                         "commander",
                                         "-v",
                                         "--color=never",
                                         "--no-config",
                                         "--no-wait",
                                         "-M",
                                         "attach",
                                         "-t",
                                         options_.target.pyocd_target,
                                         "-u",
                                         options_.probe_id};
  BL_ASSIGN_OR_RETURN(
      process_,
      ChildProcess::Start(input_.Attach(argv), {.working_folder = options_.state_folder,
                                                .log_path = options_.state_folder + "/pyocd.log",
                                                .pipe_output = true}));
  // Answered when it has connected.
  return Exchange("", timer).status();
}

absl::Status PyOcdProbe::Abandon(const absl::Status& status) {
  process_.Stop(absl::ZeroDuration());
  input_.Close();
  if (!absl::IsDeadlineExceeded(status)) return status;
  ++hangs_;
  return absl::DeadlineExceededError("pyOCD hung and was killed");
}

absl::StatusOr<std::vector<std::string>> PyOcdProbe::Exchange(const std::string& command,
                                                              const Timer& timer) {
  // A number that pyOCD evaluates and prints marks the end of what the command writes.
  const int64_t number = 700000000 + ++commands_;
  const std::string end = absl::StrFormat("0x%08x (%d)", number, number);
  const absl::Status written = input_.Write(absl::StrFormat("%s\n$ %d\n", command, number));
  if (!written.ok()) return Abandon(written);
  std::vector<std::string> lines;
  while (true) {
    absl::StatusOr<std::string> read = process_.ReadLine(timer.Left());
    if (absl::IsDeadlineExceeded(read.status())) return Abandon(read.status());
    if (!read.ok()) return Abandon(PyOcdError(lines));
    std::string line = *std::move(read);
    while (absl::StartsWith(line, kPrompt)) line.erase(0, sizeof(kPrompt) - 1);
    if (line == end) return lines;
    if (!line.empty()) lines.push_back(std::move(line));
  }
}

absl::StatusOr<std::vector<std::string>> PyOcdProbe::Execute(const std::string& command,
                                                             const Timer& timer) {
  BL_RETURN_IF_ERROR(Start(timer));
  BL_ASSIGN_OR_RETURN(std::vector<std::string> lines, Exchange(command, timer));
  if (std::none_of(lines.begin(), lines.end(), IsError)) return lines;
  const absl::Status error = PyOcdError(lines);
  // A session may not recover from a probe that went away, and its messages do not tell that from
  // an address that does not answer: start another one next time.
  return absl::IsUnavailable(error) ? Abandon(error) : error;
}

// ---- Memory and core.

absl::StatusOr<std::vector<uint8_t>> PyOcdProbe::ReadBytes(uint32_t address, int64_t count,
                                                           const Timer& timer) {
  const std::string what = absl::StrFormat("read %d bytes at 0x%08x", count, address);
  BL_RETURN_IF_ERROR(Annotate(
      Execute(absl::StrFormat("savemem 0x%08x %d %s", address, count, FilePath()), timer).status(),
      what));
  BL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(FilePath(), kMaxReadBytes));
  if (static_cast<int64_t>(bytes.size()) != count) {
    return absl::UnavailableError(
        absl::StrFormat("%s: pyOCD returned %d", what, static_cast<int64_t>(bytes.size())));
  }
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

absl::StatusOr<std::vector<uint32_t>> PyOcdProbe::ReadWords(uint32_t address, int32_t count,
                                                            absl::Duration deadline) {
  BL_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                      ReadBytes(address, int64_t{4} * count, Timer(deadline)));
  std::vector<uint32_t> words(static_cast<size_t>(count));
  for (size_t i = 0; i < bytes.size(); ++i) words[i / 4] |= uint32_t{bytes[i]} << (8 * (i % 4));
  return words;
}

absl::Status PyOcdProbe::WriteWords(uint32_t address, absl::Span<const uint32_t> words,
                                    absl::Duration deadline) {
  const Timer timer(deadline);
  // In Python, as its commands write byte by byte: a register wants words, and a program that looks
  // at its mailbox must not see half of one.
  for (size_t first = 0; first < words.size(); first += kMaxWordsWritten) {
    const auto part = words.subspan(first, kMaxWordsWritten);
    const uint32_t to = address + 4 * static_cast<uint32_t>(first);
    const std::string command = absl::StrFormat("$ target.write_memory_block32(0x%08x, [%s])", to,
                                                absl::StrJoin(part, ","));
    BL_RETURN_IF_ERROR(Annotate(Execute(command, timer).status(),
                                absl::StrFormat("write %d words at 0x%08x", part.size(), to)));
  }
  return absl::OkStatus();
}

absl::StatusOr<BoardIdentity> PyOcdProbe::Identify(absl::Duration deadline) {
  const Timer timer(deadline);
  // Not from within a read: why it does not start has nothing to do with an address.
  BL_RETURN_IF_ERROR(Start(timer));
  return ReadIdentity(options_.target, [&](uint32_t address, int32_t count) {
    return ReadWords(address, count, timer.Left());
  });
}

absl::Status PyOcdProbe::ResetAndRun(absl::Duration deadline) {
  return Annotate(Execute("reset", Timer(deadline)).status(), "reset the board");
}

absl::StatusOr<CoreState> PyOcdProbe::ReadCoreState(absl::Duration deadline) {
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> words, ReadWords(kDhcsrAddress, 1, deadline));
  return CoreStateOf(words[0]);
}

// ---- Flash.

absl::Status PyOcdProbe::Load(const FlashSegment& segment, const Timer& timer,
                              ProgramReport* report) {
  static const std::regex kSummary(
      R"(Erased \d+ bytes \((\d+) sectors?\), programmed (\d+) bytes)");
  const uint32_t address = FlashAddress(options_.target, segment.address);
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(FilePath(), std::string(segment.bytes.begin(), segment.bytes.end())));
  absl::StatusOr<std::vector<std::string>> lines =
      Execute(absl::StrFormat("load %s 0x%08x", FilePath(), address), timer);
  if (!lines.ok() && absl::StrContains(std::string(lines.status().message()), "invalid argument")) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the image has bytes at 0x%08x, where pyOCD knows of no flash", segment.address));
  }
  BL_RETURN_IF_ERROR(lines.status());
  for (const std::string& line : *lines) {
    std::smatch match;
    int32_t sectors = 0;
    int64_t bytes = 0;
    if (!std::regex_search(line, match, kSummary)) continue;
    if (!absl::SimpleAtoi(match[1].str(), &sectors) || !absl::SimpleAtoi(match[2].str(), &bytes)) {
      continue;
    }
    report->sectors_erased += sectors;
    report->bytes_written += bytes;
  }
  BL_ASSIGN_OR_RETURN(const std::vector<uint8_t> read,
                      ReadBytes(address, static_cast<int64_t>(segment.bytes.size()), timer));
  if (read == segment.bytes) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("flash at 0x%08x differs from what was written", segment.address));
}

absl::StatusOr<ProgramReport> PyOcdProbe::Program(absl::Span<const FlashSegment> segments,
                                                  absl::Duration deadline) {
  const Timer timer(deadline);
  BL_RETURN_IF_ERROR(Annotate(Execute("reset halt", timer).status(), "halt the board"));
  ProgramReport report;
  for (const FlashSegment& segment : segments) {
    absl::Status loaded = Load(segment, timer, &report);
    if (absl::IsDataLoss(loaded)) loaded = Load(segment, timer, &report);  // Once more.
    BL_RETURN_IF_ERROR(Annotate(loaded, "program the flash"));
  }
  BL_RETURN_IF_ERROR(Execute("halt", timer).status());
  return report;
}

}  // namespace boardloop
