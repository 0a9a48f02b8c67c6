#include "device-agent/virtual/core.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "glog/logging.h"

namespace boardloop::vboard {
namespace {

// Code at such addresses cannot be fetched. A blank flash gives 0xfffffffe: the core would lock up,
// and QEMU would abort.
constexpr uint32_t kFirstUnfetchableAddress = 0xf0000000;

// QEMU gives a stop point to each BKPT the debugger has written to RAM. Data that looks like many
// of them is told from code by its distance to the program counter.
constexpr size_t kMaxBkptStops = 32;
constexpr uint32_t kNearPc = 2048;

// What the stub answers when the firmware has asked for a reset (-action reboot=shutdown).
constexpr std::string_view kSignalQuit = "T03";

}  // namespace

Core::Core(const BoardType& type, TargetMemory& memory, FlashController& flash, MarkWindow& marks)
    : memory_(memory),
      flash_(flash),
      marks_(marks),
      registers_(type.scratch_address),
      stub_(memory, flash) {}

void Core::Attach(QemuLink* qemu, bool locked_up) {
  qemu_ = qemu;
  registers_.Attach(qemu);
  stub_.Attach(qemu);
  if (stub_.active()) stub_.Stop();
  state_ = locked_up ? State::kLockup : State::kHalted;
  reset_requested_ = false;
  bkpt_stops_.clear();
  for (const uint32_t address : breakpoints_) {
    qemu_->gdb.SetStopPoint(StopPoint::kHardware, address, 2);
  }
  for (const Watchpoint& w : watchpoints_) {
    qemu_->gdb.SetStopPoint(w.kind, w.address, w.length);
  }
}

void Core::Poll() {
  if (!in_qemu() || hung()) return;
  if (qemu_->gdb.PollStop()) NoteStop();
}

void Core::NoteStop() {
  state_ = State::kHalted;
  registers_.Forget();
  const std::string& reply = qemu_->gdb.stop_reply();
  if (reply.starts_with(kSignalQuit)) {
    reset_requested_ = true;
    return;
  }
  const size_t watch = reply.find("watch:");
  if (watch == std::string::npos) {
    dfsr_ |= kDfsrBreakpoint;
    return;
  }
  dfsr_ |= kDfsrWatchpoint;
  watched_address_ = static_cast<uint32_t>(std::strtoul(reply.c_str() + watch + 6, nullptr, 16));
}

void Core::Halt() {
  if (state_ == State::kHalted || hung()) return;
  if (stub_.active()) {
    FinishStub();
  } else if (state_ == State::kRunning) {
    memory_.FlushWrites();
    qemu_->gdb.Interrupt();
    registers_.Forget();
  }
  state_ = State::kHalted;
  dfsr_ |= kDfsrHalted;
}

// Loaders are told from other code in RAM by who has written it.
bool Core::RunsAsStub(uint32_t pc) const {
  return memory_.InSram(pc) && (flash_.unlocked() || memory_.WrittenByDebugger(pc));
}

void Core::Resume(bool breakpoints_halt) {
  if (state_ != State::kHalted) return;
  halt_on_bkpt_ = breakpoints_halt;
  const uint32_t pc = registers_.General()[15];
  if (pc >= kFirstUnfetchableAddress) {
    state_ = State::kLockup;
    return;
  }
  if (RunsAsStub(pc)) {
    stub_.Start(registers_.General());
    state_ = State::kRunning;
    Work();
    return;
  }
  memory_.Publish();
  PlaceBkptStops(pc, breakpoints_halt);
  registers_.Forget();
  qemu_->gdb.Continue();
  state_ = State::kRunning;
}

void Core::Step() {
  if (state_ != State::kHalted) return;
  memory_.Publish();
  qemu_->gdb.Step();
  registers_.Forget();
  dfsr_ |= kDfsrHalted;
}

// Hands the registers of the stub over to QEMU's core.
void Core::FinishStub() {
  registers_.WriteGeneral(stub_.Stop());
  state_ = State::kHalted;
}

void Core::Work() {
  if (!stub_.active()) return;
  switch (stub_.RunSlice()) {
    case StubRunner::State::kBreakpoint:
      FinishStub();
      dfsr_ |= kDfsrBreakpoint;
      break;
    case StubRunner::State::kUnknown: {
      FinishStub();
      const uint32_t pc = registers_.General()[15];
      VLOG(1) << "code in RAM goes on in QEMU at 0x" << std::hex << pc;
      memory_.Publish();
      PlaceBkptStops(pc, halt_on_bkpt_);
      registers_.Forget();
      qemu_->gdb.Continue();
      state_ = State::kRunning;
      break;
    }
    default:
      break;
  }
}

bool Core::TakeResetRequest() { return std::exchange(reset_requested_, false); }

uint32_t Core::TakeWatchedAddress() { return std::exchange(watched_address_, 0); }

void Core::StopForReset() {
  if (stub_.active()) {
    stub_.Stop();
  } else if (state_ == State::kRunning) {
    memory_.FlushWrites();
    qemu_->gdb.Interrupt();
  }
  state_ = State::kHalted;
}

void Core::AfterReset() {
  state_ = State::kHalted;
  reset_requested_ = false;
  registers_.Forget();
  bkpt_written_.clear();
  memory_.ForgetDebuggerWrites();
}

void Core::NoteDebuggerWrite(uint32_t address, int size, uint32_t value) {
  memory_.NoteDebuggerWrite(address);
  stub_.WakeUp();
  for (int i = 0; i + 2 <= size; i += 2) {
    const uint32_t at = address + static_cast<uint32_t>(i);
    const bool is_bkpt = (value >> (8 * i) & 0xff00) == 0xbe00;
    if (is_bkpt) {
      bkpt_written_.insert(at);
    } else if (!bkpt_written_.empty()) {
      bkpt_written_.erase(at);
    }
  }
}

template <typename Change>
void Core::WhileStopped(Change change) {
  Poll();
  if (hung()) return;
  const bool interrupts = in_qemu();
  if (interrupts) qemu_->gdb.Interrupt();
  change();
  if (interrupts) qemu_->gdb.Continue();
}

void Core::SetBreakpoints(const std::set<uint32_t>& addresses) {
  if (addresses == breakpoints_) return;
  WhileStopped([&] {
    for (const uint32_t address : breakpoints_) {
      if (!addresses.contains(address)) {
        qemu_->gdb.ClearStopPoint(StopPoint::kHardware, address, 2);
      }
    }
    for (const uint32_t address : addresses) {
      if (!breakpoints_.contains(address)) {
        qemu_->gdb.SetStopPoint(StopPoint::kHardware, address, 2);
      }
    }
  });
  breakpoints_ = addresses;
}

void Core::SetWatchpoints(const std::vector<Watchpoint>& watchpoints) {
  if (watchpoints == watchpoints_) return;
  WhileStopped([&] {
    for (const Watchpoint& w : watchpoints_) {
      qemu_->gdb.ClearStopPoint(w.kind, w.address, w.length);
    }
    for (const Watchpoint& w : watchpoints) {
      qemu_->gdb.SetStopPoint(w.kind, w.address, w.length);
    }
  });
  watchpoints_ = watchpoints;
}

// BKPT does not halt in QEMU: it needs a stop point where the debugger has written one.
void Core::PlaceBkptStops(uint32_t pc, bool breakpoints_halt) {
  std::set<uint32_t> wanted;
  if (breakpoints_halt && bkpt_written_.size() <= kMaxBkptStops) {
    wanted = bkpt_written_;
  } else if (breakpoints_halt) {
    const uint32_t from = pc & ~(kNearPc / 2 - 1);
    wanted.insert(bkpt_written_.lower_bound(from), bkpt_written_.lower_bound(from + kNearPc));
  }
  for (const uint32_t address : bkpt_stops_) {
    if (!wanted.contains(address)) {
      qemu_->gdb.ClearStopPoint(StopPoint::kSoftware, address, 2);
    }
  }
  for (const uint32_t address : wanted) {
    if (!bkpt_stops_.contains(address)) {
      qemu_->gdb.SetStopPoint(StopPoint::kSoftware, address, 2);
    }
  }
  bkpt_stops_ = wanted;
}

}  // namespace boardloop::vboard
