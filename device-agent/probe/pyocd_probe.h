// A board behind pyOCD: one `pyocd commander`, kept alive, driven through its own commands.
//
// Flash is compared and written by pyOCD's own loader, which erases only sectors that differ; what
// it wrote is read back. Memory is exchanged through files, which pyOCD reads and writes whole.
#pragma once

#include <string>
#include <vector>

#include "core/base/process.h"
#include "core/board/board_type.h"
#include "device-agent/probe/command_pipe.h"
#include "device-agent/probe/probe.h"
#include "device-agent/probe/timer.h"

namespace boardloop {

class PyOcdProbe : public Probe {
 public:
  struct Options {
    std::string python;    // Of the environment that pyOCD is installed in: PyOcdPython().
    std::string probe_id;  // Serial number, or "remote:localhost:PORT".
    DebugTarget target;
    std::string state_folder;  // Holds the files exchanged and pyocd.log; must exist.
  };

  explicit PyOcdProbe(Options options);

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
  absl::Status Abandon(const absl::Status& status);
  // Runs one command and returns the lines that it wrote.
  absl::StatusOr<std::vector<std::string>> Execute(const std::string& command, const Timer& timer);
  absl::StatusOr<std::vector<std::string>> Exchange(const std::string& command, const Timer& timer);
  absl::StatusOr<std::vector<uint8_t>> ReadBytes(uint32_t address, int64_t count,
                                                 const Timer& timer);
  absl::Status Load(const FlashSegment& segment, const Timer& timer, ProgramReport* report);
  std::string FilePath() const { return options_.state_folder + "/pyocd.bin"; }

  Options options_;
  std::string version_ = "pyOCD";
  int hangs_ = 0;
  int64_t commands_ = 0;
  CommandPipe input_;
  ChildProcess process_;
};

// The Python that has pyOCD: in the folder $BOARDLOOP_PYOCD, else in .venv/pyocd of the source tree
// that our program was built in; deploy/install-pyocd.sh makes it.
//
// NOT_FOUND  not installed; the message says how
absl::StatusOr<std::string> PyOcdPython();

// How pyOCD names the probe of a virtual board.
std::string VirtualPyOcdProbeId(int port);

}  // namespace boardloop
