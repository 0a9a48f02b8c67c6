// A board behind OpenOCD: one process, kept alive, driven through its Tcl port.
//
// Invariants:
//   (1) The process never outlives us, nor does a command outlive its deadline: a process that
//       misses one is killed, and the next call starts another.
//   (2) Flash is rewritten only where it differs from the record (flash_record.h); what the record
//       claims is verified on the board once by each process before it is believed.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/process.h"
#include "core/board/board_type.h"
#include "device-agent/probe/flash_record.h"
#include "device-agent/probe/probe.h"
#include "device-agent/probe/tcl_connection.h"
#include "device-agent/probe/timer.h"

namespace boardloop {

class OpenOcdProbe : public Probe {
 public:
  struct Options {
    std::string program = "openocd";
    std::vector<std::string> interface_arguments;  // What selects the adapter and the transport.
    DebugTarget target;
    std::string state_folder;  // Holds flash.json, openocd.log and images; must exist.
  };

  explicit OpenOcdProbe(Options options);

  std::string ToolVersion() const override { return version_; }
  absl::StatusOr<BoardIdentity> Identify(absl::Duration deadline) override;
  absl::StatusOr<ProgramReport> Program(absl::Span<const FlashSegment> segments,
                                        absl::Duration deadline) override;
  absl::Status ResetAndRun(absl::Duration deadline) override;
  absl::StatusOr<CoreState> ReadCoreState(absl::Duration deadline) override;
  absl::StatusOr<std::vector<uint32_t>> ReadWords(uint32_t address, int32_t count,
                                                  absl::Duration deadline) override;
  absl::Status WriteWords(uint32_t address, absl::Span<const uint32_t> words,
                          absl::Duration deadline) override;
  int hang_count() const override { return hangs_; }
  pid_t pid() const { return process_.pid(); }  // -1 while none runs.

 private:
  absl::Status Start(const Timer& timer);
  absl::StatusOr<int> ReadPort(const Timer& timer, std::string* log);
  absl::Status StartupError(const Timer& timer, std::string log);
  // Ends the process; an error in `status` that says it hung is counted.
  absl::Status Abandon(const absl::Status& status);

  // Runs a command of OpenOCD's, starting a process if none runs.
  absl::StatusOr<std::string> Evaluate(const std::string& command, const Timer& timer);
  absl::StatusOr<std::vector<uint32_t>> Read(uint32_t address, int32_t count, const Timer& timer);
  absl::Status ReadSectors(const Timer& timer);
  absl::Status WriteImage(const FlashSegment& segment, const Timer& timer);
  absl::Status VerifyImage(const FlashSegment& segment, const Timer& timer);
  using Contents = std::vector<const SectorContent*>;
  absl::StatusOr<Contents> FindChanged(const std::vector<SectorContent>& contents,
                                       const Timer& timer);
  absl::Status Rewrite(const Contents& changed, const Timer& timer);
  std::string ImagePath() const { return options_.state_folder + "/image.bin"; }

  Options options_;
  FlashRecord record_;
  std::string version_ = "OpenOCD";
  int hangs_ = 0;
  ChildProcess process_;
  std::optional<TclConnection> connection_;
  std::vector<FlashSector> sectors_;  // As this process sees the chip; empty before it is asked.
  std::set<uint32_t> verified_;       // Sectors whose record this process has found to hold.
};

// Interface arguments of a virtual board's ST-Link server, and of an adapter on USB: `config` is a
// file that OpenOCD finds ("interface/stlink-dap.cfg"); `serial` may be empty.
std::vector<std::string> VirtualStLinkArguments(int port);
std::vector<std::string> UsbAdapterArguments(const std::string& config, const std::string& serial);

}  // namespace boardloop
