#include "device-agent/virtual/board.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "glog/logging.h"

namespace boardloop::vboard {
namespace {

uint32_t Lane(uint32_t word, uint32_t address, int size) {
  const uint32_t shifted = word >> (8 * (address & 3));
  return size == 4 ? shifted : shifted & ((1u << (8 * size)) - 1);
}

bool InFlashController(uint32_t address) {
  return address - FlashController::kAddress < FlashController::kBytes;
}

bool IsAligned(uint32_t address, int size) {
  return (address & static_cast<uint32_t>(size - 1)) == 0;
}

bool IsPeripheral(uint32_t address) { return address >> 29 == 2; }  // 0x40000000 to 0x5fffffff

}  // namespace

absl::StatusOr<std::unique_ptr<Board>> Board::Create(Options options, FlashArray flash) {
  BL_ASSIGN_OR_RETURN(std::unique_ptr<MarkWindow> marks, MarkWindow::Create(options.cycle_model));
  std::unique_ptr<Board> board(new Board(std::move(options), std::move(flash), std::move(marks)));
  BL_RETURN_IF_ERROR(board->StartQemu(/*locked_up=*/false));
  board->PowerOn();
  if (board->qemu_->gone()) {
    return absl::FailedPreconditionError(
        absl::StrCat("QEMU ended at once: ", board->qemu_->process.Complaint()));
  }
  return board;
}

Board::Board(Options options, FlashArray flash, std::unique_ptr<MarkWindow> marks)
    : options_(std::move(options)),
      flash_(std::move(flash)),
      marks_(std::move(marks)),
      flash_controller_(options_.type, flash_),
      memory_(options_.type, flash_),
      core_(options_.type, memory_, flash_controller_, *marks_),
      debug_(options_.type, core_, [this] { SystemReset(); }) {}

absl::Status Board::StartQemu(bool locked_up) {
  const bl_cycle_model& model = options_.cycle_model;
  QemuProcess::Options qemu;
  qemu.machine = options_.type.machine;
  qemu.record_fd = marks_->fd();
  qemu.arguments = {
      "-plugin", absl::StrFormat("%s,shm=/proc/self/fd/%d,core=%d,refill=%d,udiv=%d,scratch=0x%x",
                                 options_.plugin, marks_->fd(), model.core, model.refill,
                                 model.udiv, options_.type.scratch_address)};
  if (options_.type.core == 7) {
    qemu.arguments.insert(
        qemu.arguments.end(),
        {"-global", absl::StrFormat("armv7m.init-nsvtor=0x%x", options_.type.flash_code_address)});
  }
  marks_->ForgetFaults();
  BL_ASSIGN_OR_RETURN(qemu_, QemuLink::Start(qemu));
  memory_.Attach(qemu_.get());
  debug_.Attach(qemu_.get());
  core_.Attach(qemu_.get(), locked_up);
  return absl::OkStatus();
}

void Board::PowerOn() {
  memory_.Publish();
  Reset();
}

bool Board::Read(uint32_t address, int size, uint32_t* value) {
  *value = 0;
  return IsAligned(address, size) && Access([&] { return ReadBus(address, size, value); });
}

bool Board::Write(uint32_t address, int size, uint32_t value) {
  return IsAligned(address, size) && Access([&] { return WriteBus(address, size, value); });
}

bool Board::HasMemory(uint32_t address) const {
  uint32_t offset = 0;
  return memory_.InSram(address) || memory_.FlashOffset(address, &offset);
}

// If QEMU turns out to be dead, the access is that of a locked-up core: done again, with another
// one.
template <typename Bus>
bool Board::Access(Bus bus) {
  if (dead_) return false;
  Poll();
  ReplaceDeadQemu();
  const bool done = !dead_ && bus();
  if (dead_ || !ReplaceDeadQemu()) return done;
  return !dead_ && bus();
}

void Board::SetResetPin(bool asserted) {
  if (dead_ || asserted == reset_pin_) return;
  Poll();
  reset_pin_ = asserted;
  debug_.HoldReset(asserted);
  if (asserted) {
    if (!core_.hung()) core_.StopForReset();
    debug_.NoteReset();
  } else {
    SystemReset();
  }
  ReplaceDeadQemu();
}

void Board::Work() {
  if (dead_) return;
  core_.Work();
  ReplaceDeadQemu();
}

void Board::Idle() {
  if (dead_) return;
  memory_.FlushWrites();
  Poll();
  ReplaceDeadQemu();
}

void Board::OnQemuEvent() {
  if (dead_) return;
  qemu_->gdb.CheckAlive();
  Poll();
  ReplaceDeadQemu();
}

void Board::Die() {
  dead_ = true;
  qemu_.reset();
}

void Board::Poll() {
  core_.Poll();
  if (core_.TakeResetRequest()) SystemReset();
}

bool Board::ReplaceDeadQemu() {
  if (dead_ || !qemu_->gone()) return false;
  LOG(WARNING) << "QEMU ended, as it does when the core locks up: starting another one";
  const absl::Status status = StartQemu(/*locked_up=*/true);
  if (!status.ok()) {
    LOG(ERROR) << "the board is dead: " << status.message();
    Die();
  }
  return true;
}

// ---------------------------------------------------------------------------------------- reset

void Board::SystemReset() {
  if (core_.hung()) {
    ResetHungCore();
    return;
  }
  core_.StopForReset();
  memory_.Publish();
  Reset();
}

// A hung core keeps QEMU from resetting its machine: another QEMU takes over the SRAM.
void Board::ResetHungCore() {
  std::vector<uint8_t> sram(options_.type.sram_bytes);
  memory_.FlushWrites();
  qemu_->qtest.ReadBlock(kSramAddress, absl::MakeSpan(sram));
  const absl::Status status = StartQemu(/*locked_up=*/false);
  if (!status.ok()) {
    LOG(ERROR) << "the board is dead: " << status.message();
    Die();
    return;
  }
  qemu_->gdb.WriteMemory(kSramAddress, sram);
  PowerOn();
}

// QEMU's core is stopped, and QEMU has all of memory.
void Board::Reset() {
  flash_controller_.Reset();
  hidden_peripherals_.clear();
  marks_->Clear();
  qemu_->qmp.Reset();
  core_.AfterReset();
  debug_.NoteReset();
  if (reset_pin_) return;
  if (debug_.CatchesReset()) {
    core_.SetDfsr(kDfsrVectorCatch);
  } else {
    core_.Resume(debug_.debug_enabled());
  }
}

// ------------------------------------------------------------------------------------------ bus

bool Board::ReadBus(uint32_t address, int size, uint32_t* value) {
  uint32_t offset = 0, word = 0;
  if (memory_.InSram(address)) {
    *value = ReadSram(address, size);
  } else if (memory_.FlashOffset(address, &offset)) {
    *value = memory_.ReadFlash(offset, size);
  } else if (DebugRegisters::Contains(address)) {
    *value = Lane(debug_.Read(address & ~3u), address, size);
  } else if (InFlashController(address)) {
    const uint32_t at = (address & ~3u) - FlashController::kAddress;
    *value = Lane(flash_controller_.ReadRegister(at), address, size);
  } else if (ReadSystemMemory(address & ~3u, &word)) {
    *value = Lane(word, address, size);
  } else if (IsPeripheral(address)) {
    *value = ReadPeripheral(address, size);
  } else if (MarkWindow::Contains(address)) {
    *value = Lane(marks_->ReadWord(address & ~3u), address, size);
  } else {
    return false;
  }
  return true;
}

bool Board::WriteBus(uint32_t address, int size, uint32_t value) {
  uint32_t offset = 0;
  if (memory_.InSram(address)) {
    WriteSram(address, size, value);
    return true;
  }
  memory_.FlushWrites();  // What follows may let the core run into what was written.
  if (memory_.FlashOffset(address, &offset)) {
    flash_controller_.Store(offset, size, value);
  } else if (DebugRegisters::Contains(address)) {
    if (size == 4) debug_.Write(address, value);
  } else if (InFlashController(address)) {
    flash_controller_.WriteRegister((address & ~3u) - FlashController::kAddress, value);
  } else if (IsPeripheral(address)) {
    WritePeripheral(address, size, value);
  } else if (address == MarkWindow::kClearAddress) {
    marks_->Clear();
  } else {
    return false;
  }
  return true;
}

uint32_t Board::ReadSram(uint32_t address, int size) {
  return core_.in_qemu() ? memory_.ReadRunning(address, size) : memory_.ReadStopped(address, size);
}

void Board::WriteSram(uint32_t address, int size, uint32_t value) {
  core_.NoteDebuggerWrite(address, size, value);
  if (core_.in_qemu()) {
    memory_.WriteRunning(address, size, value);
  } else {
    memory_.WriteStopped(address, size, value);
  }
}

uint32_t Board::ReadPeripheral(uint32_t address, int size) {
  if (options_.type.peripherals_in_qemu) return qemu_->qtest.Read(address, size);
  const auto found = hidden_peripherals_.find(address & ~3u);
  return found == hidden_peripherals_.end() ? 0 : Lane(found->second, address, size);
}

void Board::WritePeripheral(uint32_t address, int size, uint32_t value) {
  if (options_.type.peripherals_in_qemu) {
    qemu_->qtest.Write(address, size, value);
  } else if (size == 4) {
    hidden_peripherals_[address] = value;
  }
}

// Unique id, flash size; the rest of system memory (OTP) is erased.
bool Board::ReadSystemMemory(uint32_t address, uint32_t* word) const {
  const BoardType& type = options_.type;
  if (address >> 16 != type.uid_address >> 16) return false;
  *word = 0xffffffff;
  if (address == (type.flash_size_address & ~3u)) {
    const uint32_t shift = 8 * (type.flash_size_address & 3);
    *word = (type.flash_bytes / 1024) << shift | (shift == 0 ? 0xffff0000 : 0xffff);
  } else if (address - type.uid_address < sizeof(Uid)) {
    std::memcpy(word, &options_.uid[address - type.uid_address], 4);
  }
  return true;
}

}  // namespace boardloop::vboard
