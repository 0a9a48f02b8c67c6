#include "device-agent/virtual/options.h"

#include <cstdio>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "device-agent/virtual/uid.h"

namespace boardloop::vboard {
namespace {

constexpr char kDescription[] =
    "A virtual STM32 board: a debug probe with a chip behind it whose core QEMU runs.\n"
    "When it is ready it prints one line of JSON, and ends on SIGTERM, SIGINT, or with its parent.";

constexpr char kFooter[] =
    "Front-ends that are not asked for are off. Ports are of 127.0.0.1; 0 takes a free one.\n"
    "\n"
    "Faults (--fault, repeatable; also one per line to the socket DIR/control):\n"
    "  drop-link@BYTES        the link to the debugger closes after BYTES sent\n"
    "  corrupt-flash@OFFSET   a bit of the word at OFFSET is wrong when it is programmed next\n"
    "  hang-core@N            the core stops at the N-th mark: it stays \"running\", only a reset "
    "helps\n"
    "  double-fault@N         the core locks up at the N-th mark\n"
    "  slow-link:USEC         each request is answered USEC microseconds later; 0 ends it\n"
    "  vanish@BYTES           after BYTES sent the board is gone, as unplugged\n"
    "BYTES count from the order of the fault, marks from the last reset. All but slow-link happen\n"
    "once.\n"
    "\n"
    "Exit codes: 2 bad arguments, 3 port in use, 4 QEMU or its plugin unusable, 5 state folder.\n"
    "docs/virtual-board.md describes the board, docs/cycle-model.md the cycle counts.";

absl::StatusOr<int> ParseNumber(const std::string& flag, const std::string& text, int lowest,
                                int highest) {
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < lowest || value > highest) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s \"%s\" must be a number from %d to %d", flag, text, lowest, highest));
  }
  return value;
}

absl::StatusOr<Endpoint> ParsePort(const std::string& flag, const std::string& text) {
  Endpoint endpoint;
  BL_ASSIGN_OR_RETURN(endpoint.port, ParseNumber(flag, text, 0, 65535));
  return endpoint;
}

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& flag, const std::string& text) {
  if (!text.starts_with("unix:")) return ParsePort(flag, text);
  Endpoint endpoint;
  endpoint.path = text.substr(5);
  if (endpoint.path.empty()) {
    return absl::InvalidArgumentError(flag + " unix: must be followed by a path");
  }
  return endpoint;
}

struct Texts {
  std::string type, state, uid, stlink, remote_bitbang, pyocd, refill = "2", udiv = "7";
  std::vector<std::string> faults;
};

absl::StatusOr<ProgramOptions> Convert(const Texts& texts) {
  ProgramOptions options;
  const absl::StatusOr<BoardType> type = FindBoardType(texts.type);
  if (!type.ok())
    return absl::InvalidArgumentError("--type: " + std::string(type.status().message()));
  options.type = *type;
  options.state = texts.state;
  if (!texts.uid.empty()) {
    BL_ASSIGN_OR_RETURN(options.uid, ParseUid(texts.uid));
  }
  if (!texts.stlink.empty()) {
    BL_ASSIGN_OR_RETURN(options.stlink, ParsePort("--stlink", texts.stlink));
  }
  if (!texts.remote_bitbang.empty()) {
    BL_ASSIGN_OR_RETURN(options.remote_bitbang, ParseEndpoint("--rbb", texts.remote_bitbang));
  }
  if (!texts.pyocd.empty()) {
    BL_ASSIGN_OR_RETURN(options.pyocd, ParsePort("--pyocd", texts.pyocd));
  }
  for (const std::string& text : texts.faults) {
    BL_ASSIGN_OR_RETURN(const Fault fault, ParseFault(text));
    options.faults.push_back(fault);
  }
  BL_ASSIGN_OR_RETURN(const int refill, ParseNumber("--refill", texts.refill, 0, 20));
  BL_ASSIGN_OR_RETURN(const int udiv, ParseNumber("--udiv", texts.udiv, 1, 40));
  options.cycle_model = {options.type.core, static_cast<uint32_t>(refill),
                         static_cast<uint32_t>(udiv)};
  return options;
}

}  // namespace

absl::StatusOr<ProgramOptions> ParseOptions(int argc, char** argv) {
  Texts texts;
  bool verbose = false;
  CLI::App app(kDescription, "boardloop-vboard");
  app.footer(kFooter);
  app.set_version_flag("--version", "boardloop-vboard " BOARDLOOP_VERSION);
  app.add_option("--type", texts.type, "virtual-stm32f405 or virtual-stm32f746")->required();
  app.add_option("--state", texts.state, "Folder DIR of the board: flash, unique id")->required();
  app.add_option("--uid", texts.uid, "Unique id, 24 hexadecimal digits [random, kept in DIR]");
  app.add_option("--stlink", texts.stlink, "Port of the ST-Link (stlink-server's protocol)");
  app.add_option("--rbb", texts.remote_bitbang, "Port or unix:PATH of remote_bitbang (JTAG)");
  app.add_option("--pyocd", texts.pyocd, "Port of pyOCD's remote probe");
  app.add_option("--fault", texts.faults, "A fault for tests, see below")->take_all();
  app.add_option("--refill", texts.refill, "Cycle model: cycles P to refill the pipeline [2]");
  app.add_option("--udiv", texts.udiv, "Cycle model: cycles of a division [7]");
  app.add_flag("--verbose", verbose, "Log what the board does, on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    ProgramOptions help;
    help.help = true;
    return help;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    ProgramOptions help;
    help.help = true;
    return help;
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  absl::StatusOr<ProgramOptions> options = Convert(texts);
  if (options.ok()) options->verbose = verbose;
  return options;
}

}  // namespace boardloop::vboard
