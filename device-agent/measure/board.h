// A board in our hands: its type, its probe, its state folder and, for a virtual one, the program
// that it is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/board/board_type.h"
#include "device-agent/measure/bench.h"
#include "device-agent/measure/board_state.h"
#include "device-agent/measure/virtual_board.h"
#include "device-agent/probe/probe.h"

namespace boardloop {

// The type `name` of a board that can be measured on.
//
// INVALID_ARGUMENT  it has no firmware support
// Others            as LoadBoardType
absl::StatusOr<BoardType> LoadMeasurableType(const std::string& name);

// Not thread-safe. Use it on the thread that opened it: its processes end with that thread.
class Board {
 public:
  struct Options {
    std::string state_root;           // Folder of all boards' states.
    std::vector<std::string> faults;  // Of a virtual board, for tests.
  };

  // A board of the bench.
  //
  // INVALID_ARGUMENT     a type that cannot be measured on
  // FAILED_PRECONDITION  another process has the board
  // UNAVAILABLE          the state folder cannot be used
  static absl::StatusOr<std::unique_ptr<Board>> Open(const BenchBoard& bench,
                                                     const Options& options);
  // A virtual board of our own, by its type: several processes get one each. Errors as above;
  // INVALID_ARGUMENT also for a type that is not virtual.
  static absl::StatusOr<std::unique_ptr<Board>> OpenVirtual(const std::string& type,
                                                            ProbeKind probe,
                                                            const Options& options);

  // Makes sure that the board answers and is the one it should be: starts a virtual board that does
  // not run, reads the identity. Errors as those of Probe, and
  // INTERNAL             a virtual board does not start
  // FAILED_PRECONDITION  the board is wedged, of another type, or another board than the bench says
  absl::Status Connect();

  // Adds what `status` says of the board, which ended its use: hangs of the probe are counted, and
  // the power switched off and on after one. Errors of keeping the record are returned.
  absl::Status NoteResult(const absl::Status& status);

  const std::string& name() const { return name_; }
  const BoardType& type() const { return type_; }
  const BoardIdentity& identity() const { return identity_; }
  ProbeKind probe_kind() const { return bench_.probe; }
  Probe& probe() { return *probe_; }
  BoardState& state() { return state_; }
  // Debug tools that hung and were ended, since the board was opened.
  int64_t probe_restarts() const { return probe_restarts_; }
  const std::optional<VirtualBoard>& virtual_board() const { return virtual_board_; }

  // Digest of the image that this process has programmed and verified; empty when unknown.
  std::string programmed;

 private:
  Board(BenchBoard bench, BoardType type, BoardState state, std::vector<std::string> faults);
  absl::Status StartVirtualBoard();
  absl::Status MakeProbe();
  absl::Status PowerCycle();

  std::string name_;
  BenchBoard bench_;
  BoardType type_;
  BoardState state_;
  std::vector<std::string> faults_;
  std::optional<VirtualBoard> virtual_board_;
  std::unique_ptr<Probe> probe_;
  BoardIdentity identity_;
  bool identified_ = false;
  int hangs_noted_ = 0;  // Of probe_; a new one begins at 0.
  int64_t probe_restarts_ = 0;
};

}  // namespace boardloop
