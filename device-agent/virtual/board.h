// One virtual board: the chip on its bus, as a debug probe reaches it, and the QEMU that runs its
// core.
//
// Invariants:
//   (1) An access outside the chip's memory map fails, as on the chip.
//   (2) When QEMU dies (it aborts on a double fault), the core is locked up and a new QEMU is there
//       at the latest with the next access. Flash is kept, SRAM is lost.
//   (3) The cycle record is empty after each reset.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device-agent/virtual/board_type.h"
#include "device-agent/virtual/core.h"
#include "device-agent/virtual/debug_registers.h"
#include "device-agent/virtual/flash_array.h"
#include "device-agent/virtual/flash_controller.h"
#include "device-agent/virtual/mark_window.h"
#include "device-agent/virtual/qemu/qemu_link.h"
#include "device-agent/virtual/target_memory.h"
#include "device-agent/virtual/uid.h"

namespace boardloop::vboard {

class Board {
 public:
  struct Options {
    BoardType type;
    Uid uid{};
    bl_cycle_model cycle_model{};
    std::string plugin;  // Path of libboardloop_cycles.so.
  };

  // Starts QEMU and switches the board on: the core runs what is in flash.
  //
  // NOT_FOUND, FAILED_PRECONDITION  as QemuLink::Start
  static absl::StatusOr<std::unique_ptr<Board>> Create(Options options, FlashArray flash);

  const BoardType& type() const { return options_.type; }
  const Uid& uid() const { return options_.uid; }
  const MarkWindow& marks() const { return *marks_; }
  pid_t qemu_pid() const { return qemu_ ? qemu_->process.pid() : -1; }

  // Accesses of the MEM-AP, of 1, 2 or 4 bytes. False: a bus fault. What is not
  // aligned faults too.
  bool Read(uint32_t address, int size, uint32_t* value);
  bool Write(uint32_t address, int size, uint32_t value);
  // True where flash and SRAM are: a block of any size can be read there in little time.
  bool HasMemory(uint32_t address) const;

  // The reset pin. The board resets when it is released.
  void SetResetPin(bool asserted);

  // The board has work of its own to do: call Work() when there is nothing else to do.
  bool busy() const { return core_.busy(); }
  void Work();
  // The front-ends have nothing more to ask for now.
  void Idle();
  // Readable when QEMU's core has stopped by itself, or QEMU has died: call OnQemuEvent() then.
  int wake_fd() const { return qemu_ ? qemu_->gdb.fd() : -1; }
  void OnQemuEvent();

  // Faults for tests; docs/virtual-board.md.
  void CorruptFlash(uint32_t offset) { flash_controller_.CorruptNextProgramming(offset); }
  void HangAtMark(uint32_t mark) { marks_->HangAt(mark); }
  void LockUpAtMark(uint32_t mark) { marks_->AbortAt(mark); }
  // Kills QEMU for good: every access fails from now on.
  void Die();

 private:
  Board(Options options, FlashArray flash, std::unique_ptr<MarkWindow> marks);

  absl::Status StartQemu(bool locked_up);
  void PowerOn();
  void SystemReset();
  void ResetHungCore();
  void Reset();
  void Poll();
  // True when QEMU had died.
  bool ReplaceDeadQemu();
  template <typename Bus>
  bool Access(Bus bus);

  bool ReadBus(uint32_t address, int size, uint32_t* value);
  bool WriteBus(uint32_t address, int size, uint32_t value);
  uint32_t ReadSram(uint32_t address, int size);
  void WriteSram(uint32_t address, int size, uint32_t value);
  uint32_t ReadPeripheral(uint32_t address, int size);
  void WritePeripheral(uint32_t address, int size, uint32_t value);
  bool ReadSystemMemory(uint32_t address, uint32_t* word) const;

  Options options_;
  FlashArray flash_;
  std::unique_ptr<MarkWindow> marks_;
  std::unique_ptr<QemuLink> qemu_;
  FlashController flash_controller_;
  TargetMemory memory_;
  Core core_;
  DebugRegisters debug_;
  std::map<uint32_t, uint32_t> hidden_peripherals_;  // Registers where QEMU has other devices.
  bool reset_pin_ = false;
  bool dead_ = false;
};

}  // namespace boardloop::vboard
