#include "device-agent/measure/board.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/process.h"
#include "core/base/status.h"
#include "device-agent/probe/openocd_probe.h"
#include "device-agent/probe/pyocd_probe.h"

namespace boardloop {
namespace {

// Starting the tool is part of the first command.
constexpr absl::Duration kIdentify = absl::Seconds(20);
constexpr absl::Duration kPowerCycle = absl::Seconds(60);
constexpr uint32_t kDeviceIdMask = 0xfff;
constexpr char kDefaultInterface[] = "interface/stlink-dap.cfg";

}  // namespace

absl::StatusOr<BoardType> LoadMeasurableType(const std::string& name) {
  BL_ASSIGN_OR_RETURN(BoardType type, LoadBoardType(name));
  if (type.support.has_value()) return type;
  return absl::InvalidArgumentError(absl::StrFormat(
      "board type %s can be planned for, not measured on: it has no firmware support", name));
}

Board::Board(BenchBoard bench, BoardType type, BoardState state, std::vector<std::string> faults)
    : name_(bench.name),
      bench_(std::move(bench)),
      type_(std::move(type)),
      state_(std::move(state)),
      faults_(std::move(faults)) {}

absl::StatusOr<std::unique_ptr<Board>> Board::Open(const BenchBoard& bench,
                                                   const Options& options) {
  BL_ASSIGN_OR_RETURN(BoardType type, LoadMeasurableType(bench.type));
  BL_ASSIGN_OR_RETURN(BoardState state, BoardState::Open(options.state_root, bench.name));
  return std::unique_ptr<Board>(
      new Board(bench, std::move(type), std::move(state), options.faults));
}

absl::StatusOr<std::unique_ptr<Board>> Board::OpenVirtual(const std::string& type_name,
                                                          ProbeKind probe, const Options& options) {
  BL_ASSIGN_OR_RETURN(BoardType type, LoadMeasurableType(type_name));
  if (!type.support->is_virtual) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a real board: a bench file has to say where it is (--bench bench.yaml --board NAME)",
        type_name));
  }
  BL_ASSIGN_OR_RETURN(BoardState state, BoardState::OpenAny(options.state_root, type.name));
  BenchBoard bench;
  bench.name = type.name;
  bench.type = type_name;
  bench.probe = probe;
  return std::unique_ptr<Board>(
      new Board(std::move(bench), std::move(type), std::move(state), options.faults));
}

absl::Status Board::StartVirtualBoard() {
  if (virtual_board_.has_value() && virtual_board_->Running()) return absl::OkStatus();
  probe_.reset();  // It knew the ports of the board that is gone.
  virtual_board_.reset();
  VirtualBoard::Options options;
  options.type = type_.name;
  options.state_folder = state_.folder() + "/board";
  options.st_link = bench_.probe == ProbeKind::kOpenOcd;
  options.pyocd = bench_.probe == ProbeKind::kPyOcd;
  // Ordered faults happen once: a board that was started again is a good one.
  options.faults = std::exchange(faults_, {});
  BL_ASSIGN_OR_RETURN(VirtualBoard board, VirtualBoard::Start(options));
  virtual_board_.emplace(std::move(board));
  return absl::OkStatus();
}

absl::Status Board::MakeProbe() {
  if (probe_ != nullptr) return absl::OkStatus();
  identified_ = false;
  programmed.clear();
  hangs_noted_ = 0;
  const DebugTarget& target = type_.support->debug;
  if (bench_.probe == ProbeKind::kPyOcd) {
    BL_ASSIGN_OR_RETURN(std::string python, PyOcdPython());
    std::string id = virtual_board_.has_value() ? VirtualPyOcdProbeId(virtual_board_->pyocd_port())
                                                : bench_.serial;
    probe_ = std::make_unique<PyOcdProbe>(
        PyOcdProbe::Options{std::move(python), std::move(id), target, state_.folder()});
    return absl::OkStatus();
  }
  const std::string config =
      bench_.interface_config.empty() ? kDefaultInterface : bench_.interface_config;
  std::vector<std::string> interface = virtual_board_.has_value()
                                           ? VirtualStLinkArguments(virtual_board_->st_link_port())
                                           : UsbAdapterArguments(config, bench_.serial);
  probe_ = std::make_unique<OpenOcdProbe>(
      OpenOcdProbe::Options{"openocd", std::move(interface), target, state_.folder()});
  return absl::OkStatus();
}

absl::Status Board::Connect() {
  if (!state_.wedged().empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is wedged: %s; look after it, then run `boardloop-agent check --bench FILE --board %s "
        "--clear`",
        name_, state_.wedged(), name_));
  }
  if (type_.support->is_virtual) {
    const absl::Status started = StartVirtualBoard();
    // Neither a probe's failure nor a board's: it is a program of ours that does not run.
    if (!started.ok()) {
      return absl::InternalError(
          absl::StrCat("start ", name_, ": ", std::string(started.message())));
    }
  }
  BL_RETURN_IF_ERROR(MakeProbe());
  if (identified_) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(identity_, probe_->Identify(kIdentify));
  const auto found = identity_.device_id & kDeviceIdMask;
  const auto needed = static_cast<uint32_t>(type_.support->debug.device_id);
  if (found != needed) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the MCU of %s has the device id 0x%03x, a %s has 0x%03x: another type of board is "
        "connected",
        name_, found, type_.name, needed));
  }
  if (!bench_.unique_id.empty() && identity_.unique_id != bench_.unique_id) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the MCU of %s has the unique id %s, the bench file says %s: another board is connected",
        name_, identity_.unique_id, bench_.unique_id));
  }
  identified_ = true;
  return absl::OkStatus();
}

absl::Status Board::NoteResult(const absl::Status& status) {
  const int hangs = probe_ == nullptr ? 0 : probe_->hang_count() - hangs_noted_;
  hangs_noted_ += hangs;
  probe_restarts_ += hangs;
  if (!status.ok()) {
    programmed.clear();
    identified_ = false;
  }
  // A failure of another kind neither adds to a row of hangs nor ends it.
  if (!status.ok() && hangs == 0) return absl::OkStatus();
  BL_RETURN_IF_ERROR(state_.NoteHangs(hangs, std::string(status.message())));
  return hangs > 0 ? PowerCycle() : absl::OkStatus();
}

absl::Status Board::PowerCycle() {
  // A probe that hangs on a virtual board gets a new board: the switch that it has.
  if (virtual_board_.has_value()) {
    probe_.reset();
    virtual_board_.reset();
    return absl::OkStatus();
  }
  if (bench_.power_cycle.empty()) return absl::OkStatus();
  BL_ASSIGN_OR_RETURN(const ProcessOutput output,
                      RunProcess({"sh", "-c", bench_.power_cycle}, "", {.deadline = kPowerCycle}));
  if (output.exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat(
      "the power switch of %s failed with exit code %d: %s", name_, output.exit_code, output.err));
}

}  // namespace boardloop
