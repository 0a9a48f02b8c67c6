#include "device-agent/probe/openocd_probe.h"

#include <algorithm>
#include <cstring>
#include <regex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "device-agent/probe/chip.h"
#include "device-agent/probe/openocd_errors.h"

namespace boardloop {
namespace {

// In one command; OpenOCD refuses more than 65,536.
constexpr int32_t kMaxWordsRead = 16384;
constexpr int32_t kMaxWordsWritten = 4096;
constexpr int kMaxBanks = 8;

// A word of Tcl: our paths and names, in which nothing may be substituted.
std::string TclWord(const std::string& text) {
  return absl::StrCat("\"",
                      absl::StrReplaceAll(text, {{"\\", "\\\\"},
                                                 {"\"", "\\\""},
                                                 {"$", "\\$"},
                                                 {"[", "\\["},
                                                 {"]", "\\]"},
                                                 {"{", "\\{"},
                                                 {"}", "\\}"}}),
                      "\"");
}

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n'); }

// "#0 : stm32f2x at 0x08000000, size 0x00100000, ..." and, for each sector,
// "\t#  0: 0x00000000 (0x4000 16kB) not protected": offset in the bank and size.
std::vector<FlashSector> ParseBank(const std::string& info) {
  static const std::regex kBank(R"(^#\d+ *: .* at 0x([0-9a-f]+), size 0x)");
  static const std::regex kSector(R"(^\s+# *\d+: 0x([0-9a-f]+) \(0x([0-9a-f]+) )");
  std::vector<FlashSector> sectors;
  uint32_t base = 0;
  for (const std::string& line : Lines(info)) {
    std::smatch match;
    FlashSector sector;
    if (std::regex_search(line, match, kBank) && !absl::SimpleHexAtoi(match[1].str(), &base)) {
      return {};
    }
    if (!std::regex_search(line, match, kSector)) continue;
    if (!absl::SimpleHexAtoi(match[1].str(), &sector.address)) continue;
    if (!absl::SimpleHexAtoi(match[2].str(), &sector.bytes)) continue;
    sector.address += base;
    sectors.push_back(sector);
  }
  return sectors;
}

std::string HexWords(absl::Span<const uint32_t> words) {
  std::string text;
  for (const uint32_t word : words) absl::StrAppend(&text, "0x", absl::Hex(word), " ");
  return text;
}

}  // namespace

std::vector<std::string> VirtualStLinkArguments(int port) {
  return {"-f", "interface/stlink-dap.cfg",
          "-c", absl::StrFormat("st-link backend tcp %d", port),
          "-c", "transport select dapdirect_swd"};
}

std::vector<std::string> UsbAdapterArguments(const std::string& config, const std::string& serial) {
  std::vector<std::string> arguments = {"-f", config};
  if (!serial.empty()) {
    arguments.insert(arguments.end(), {"-c", "adapter serial " + TclWord(serial)});
  }
  // The transports that these configuration files do not choose by themselves.
  const char* transport = "swd";
  if (absl::EndsWith(config, "stlink-dap.cfg")) transport = "dapdirect_swd";
  if (absl::EndsWith(config, "stlink.cfg") || absl::EndsWith(config, "stlink-hla.cfg")) {
    transport = "hla_swd";
  }
  arguments.insert(arguments.end(), {"-c", absl::StrCat("transport select ", transport)});
  return arguments;
}

OpenOcdProbe::OpenOcdProbe(Options options)
    : options_(std::move(options)), record_(options_.state_folder + "/flash.json") {}

// ---- The process.

absl::Status OpenOcdProbe::Start(const Timer& timer) {
  if (connection_.has_value() && process_.Running()) return absl::OkStatus();
  connection_.reset();
  sectors_.clear();
  verified_.clear();
  // Port 0: the system chooses a free one, and the log says which. The log goes to the pipe until
  // then, and to a file afterwards.
  std::vector<std::string> argv = {options_.program, "-l", "/dev/stdout", "-c",
                                   "gdb_port disabled; telnet_port disabled; tcl_port 0"};
  argv.insert(argv.end(), options_.interface_arguments.begin(), options_.interface_arguments.end());
  argv.insert(argv.end(), {"-f", absl::StrCat("target/", options_.target.openocd_target, ".cfg")});
  const std::string log_path = options_.state_folder + "/openocd.log";
  absl::StatusOr<ChildProcess> process =
      ChildProcess::Start(argv, {.working_folder = "", .log_path = log_path, .pipe_output = true});
  if (absl::IsNotFound(process.status())) {
    return absl::NotFoundError(
        absl::StrCat(options_.program, " is not installed (Debian and Ubuntu: package openocd)"));
  }
  BL_RETURN_IF_ERROR(process.status());
  process_ = *std::move(process);

  std::string log;
  BL_ASSIGN_OR_RETURN(const int port, ReadPort(timer, &log));
  absl::StatusOr<TclConnection> connection = TclConnection::Connect(port);
  if (!connection.ok()) return StartupError(timer, log);
  connection_.emplace(*std::move(connection));
  // Answered when OpenOCD has found the board.
  absl::StatusOr<std::string> reply =
      connection_->Call("log_output " + TclWord(log_path), timer.Left());
  if (absl::IsUnavailable(reply.status())) return StartupError(timer, log);
  if (!reply.ok()) return Abandon(reply.status());
  // Polling in the background would clear a lockup before we have seen it.
  reply = connection_->Call("poll off", timer.Left());
  if (!reply.ok()) return Abandon(reply.status());
  reply = connection_->Call("version", timer.Left());
  if (!reply.ok()) return Abandon(reply.status());
  std::vector<std::string> words = absl::StrSplit(Lines(*reply)[0], ' ');
  version_ = "OpenOCD " + words.back();
  return absl::OkStatus();
}

absl::StatusOr<int> OpenOcdProbe::ReadPort(const Timer& timer, std::string* log) {
  static const std::regex kListening(R"(Listening on port (\d+) for tcl connections)");
  while (true) {
    absl::StatusOr<std::string> line = process_.ReadLine(timer.Left());
    if (absl::IsDeadlineExceeded(line.status())) return Abandon(line.status());
    if (!line.ok()) return StartupError(timer, *log);
    absl::StrAppend(log, *line, "\n");
    std::smatch match;
    int port = 0;
    if (std::regex_search(*line, match, kListening) && absl::SimpleAtoi(match[1].str(), &port)) {
      return port;
    }
  }
}

// OpenOCD ended by itself: what it wrote says why.
absl::Status OpenOcdProbe::StartupError(const Timer& timer, std::string log) {
  while (true) {
    const absl::StatusOr<std::string> line = process_.ReadLine(timer.Left());
    if (!line.ok()) break;
    absl::StrAppend(&log, *line, "\n");
  }
  connection_.reset();
  process_.Stop(absl::ZeroDuration());
  return OpenOcdError(log);
}

absl::Status OpenOcdProbe::Abandon(const absl::Status& status) {
  connection_.reset();
  process_.Stop(absl::ZeroDuration());
  if (!absl::IsDeadlineExceeded(status)) return status;
  ++hangs_;
  return absl::DeadlineExceededError("OpenOCD hung and was killed");
}

absl::StatusOr<std::string> OpenOcdProbe::Evaluate(const std::string& command, const Timer& timer) {
  BL_RETURN_IF_ERROR(Start(timer));
  absl::StatusOr<std::string> reply = connection_->Call(command, timer.Left());
  if (reply.ok()) return reply;
  if (absl::IsAborted(reply.status())) {
    return OpenOcdError(std::string(reply.status().message()));
  }
  return Abandon(reply.status());
}

// ---- Memory and core.

absl::StatusOr<std::vector<uint32_t>> OpenOcdProbe::Read(uint32_t address, int32_t count,
                                                         const Timer& timer) {
  std::vector<uint32_t> words;
  words.reserve(static_cast<size_t>(count));
  while (static_cast<int32_t>(words.size()) < count) {
    const int32_t ask = std::min(kMaxWordsRead, count - static_cast<int32_t>(words.size()));
    const uint32_t from = address + 4 * static_cast<uint32_t>(words.size());
    const std::string what = absl::StrFormat("read %d words at 0x%08x", ask, from);
    absl::StatusOr<std::string> reply =
        Evaluate(absl::StrFormat("read_memory 0x%08x 32 %d", from, ask), timer);
    if (!reply.ok()) return Annotate(reply.status(), what);
    const size_t before = words.size();
    const std::string values = Lines(*reply).back();  // Behind what it may have logged.
    for (const auto& token : absl::StrSplit(values, ' ', absl::SkipWhitespace())) {
      uint32_t word = 0;
      if (absl::SimpleHexAtoi(token, &word)) words.push_back(word);
    }
    if (words.size() != before + static_cast<size_t>(ask)) {
      return absl::UnavailableError(
          absl::StrFormat("%s: OpenOCD returned %d", what, words.size() - before));
    }
  }
  return words;
}

absl::StatusOr<std::vector<uint32_t>> OpenOcdProbe::ReadWords(uint32_t address, int32_t count,
                                                              absl::Duration deadline) {
  return Read(address, count, Timer(deadline));
}

absl::Status OpenOcdProbe::WriteWords(uint32_t address, absl::Span<const uint32_t> words,
                                      absl::Duration deadline) {
  const Timer timer(deadline);
  for (size_t first = 0; first < words.size(); first += kMaxWordsWritten) {
    const auto part = words.subspan(first, kMaxWordsWritten);
    const uint32_t to = address + 4 * static_cast<uint32_t>(first);
    BL_RETURN_IF_ERROR(
        Annotate(Evaluate(absl::StrFormat("write_memory 0x%08x 32 {%s}", to, HexWords(part)), timer)
                     .status(),
                 absl::StrFormat("write %d words at 0x%08x", part.size(), to)));
  }
  return absl::OkStatus();
}

absl::StatusOr<BoardIdentity> OpenOcdProbe::Identify(absl::Duration deadline) {
  const Timer timer(deadline);
  // Not from within a read: why it does not start has nothing to do with an address.
  BL_RETURN_IF_ERROR(Start(timer));
  return ReadIdentity(options_.target,
                      [&](uint32_t address, int32_t count) { return Read(address, count, timer); });
}

absl::Status OpenOcdProbe::ResetAndRun(absl::Duration deadline) {
  return Annotate(Evaluate("reset run", Timer(deadline)).status(), "reset the board");
}

absl::StatusOr<CoreState> OpenOcdProbe::ReadCoreState(absl::Duration deadline) {
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> words, ReadWords(kDhcsrAddress, 1, deadline));
  return CoreStateOf(words[0]);
}

// ---- Flash.

absl::Status OpenOcdProbe::ReadSectors(const Timer& timer) {
  if (!sectors_.empty()) return absl::OkStatus();
  std::vector<FlashSector> found;
  for (int bank = 0; bank < kMaxBanks; ++bank) {
    absl::StatusOr<std::string> info = Evaluate(absl::StrFormat("flash probe %d", bank), timer);
    if (info.ok()) info = Evaluate(absl::StrFormat("flash info %d", bank), timer);
    if (!info.ok() && !connection_.has_value()) return info.status();  // Gone, not refused.
    if (!info.ok() && bank == 0) return info.status();
    if (!info.ok()) break;  // No more banks.
    const std::vector<FlashSector> sectors = ParseBank(*info);
    found.insert(found.end(), sectors.begin(), sectors.end());
  }
  if (found.empty()) {
    return absl::FailedPreconditionError("OpenOCD reports no flash sectors for this chip");
  }
  sectors_ = std::move(found);
  return absl::OkStatus();
}

absl::Status OpenOcdProbe::WriteImage(const FlashSegment& segment, const Timer& timer) {
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(ImagePath(), std::string(segment.bytes.begin(), segment.bytes.end())));
  return Evaluate(absl::StrFormat("flash write_image erase %s 0x%08x bin", TclWord(ImagePath()),
                                  segment.address),
                  timer)
      .status();
}

absl::Status OpenOcdProbe::VerifyImage(const FlashSegment& segment, const Timer& timer) {
  BL_RETURN_IF_ERROR(
      WriteFileAtomically(ImagePath(), std::string(segment.bytes.begin(), segment.bytes.end())));
  return Evaluate(
             absl::StrFormat("verify_image %s 0x%08x bin", TclWord(ImagePath()), segment.address),
             timer)
      .status();
}

absl::StatusOr<OpenOcdProbe::Contents> OpenOcdProbe::FindChanged(
    const std::vector<SectorContent>& contents, const Timer& timer) {
  Contents changed, claimed;
  for (const SectorContent& content : contents) {
    if (!record_.Holds(content)) {
      changed.push_back(&content);
    } else if (verified_.count(content.sector.address) == 0) {
      claimed.push_back(&content);
    }
  }
  for (const FlashSegment& segment : MergeSectors(claimed)) {
    const absl::Status verified = VerifyImage(segment, timer);
    if (!verified.ok() && !absl::IsDataLoss(verified)) return verified;
    for (const SectorContent* content : claimed) {
      const uint32_t address = content->sector.address;
      const bool inside =
          address >= segment.address && address - segment.address < segment.bytes.size();
      if (!inside) continue;
      if (verified.ok()) {
        verified_.insert(address);
      } else {
        changed.push_back(content);
      }
    }
  }
  std::sort(changed.begin(), changed.end(),
            [](const auto* a, const auto* b) { return a->sector.address < b->sector.address; });
  return changed;
}

absl::Status OpenOcdProbe::Rewrite(const Contents& changed, const Timer& timer) {
  if (changed.empty()) return absl::OkStatus();
  for (const SectorContent* content : changed) verified_.erase(content->sector.address);
  BL_RETURN_IF_ERROR(record_.Forget(changed));
  for (const FlashSegment& segment : MergeSectors(changed)) {
    BL_RETURN_IF_ERROR(WriteImage(segment, timer));
    BL_RETURN_IF_ERROR(VerifyImage(segment, timer));
  }
  for (const SectorContent* content : changed) verified_.insert(content->sector.address);
  return record_.Remember(changed);
}

absl::StatusOr<ProgramReport> OpenOcdProbe::Program(absl::Span<const FlashSegment> segments,
                                                    absl::Duration deadline) {
  const Timer timer(deadline);
  // `init` and not `halt`: the target's own script sets up a clock at which flashing is fast.
  BL_RETURN_IF_ERROR(Annotate(Evaluate("reset init", timer).status(), "halt the board"));
  BL_RETURN_IF_ERROR(Annotate(ReadSectors(timer), "read the sectors of the flash"));
  BL_ASSIGN_OR_RETURN(const std::vector<SectorContent> contents,
                      SectorContents(sectors_, segments));
  BL_ASSIGN_OR_RETURN(Contents changed, FindChanged(contents, timer));
  ProgramReport report;
  for (const SectorContent* content : changed) {
    report.bytes_written += static_cast<int64_t>(content->bytes.size());
    ++report.sectors_erased;
  }
  absl::Status written = Rewrite(changed, timer);
  if (absl::IsDataLoss(written)) {  // Once more: a glitch on the wire, not yet a worn-out sector.
    written = Rewrite(changed, timer);
    report.sectors_erased *= 2;
  }
  BL_RETURN_IF_ERROR(Annotate(written, "program the flash"));
  return report;
}

}  // namespace boardloop
