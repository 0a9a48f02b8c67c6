// The memory behind the debugger's accesses: flash, SRAM, and what QEMU has else.
//
// While the core is stopped, SRAM is a cache here: a flash loader's megabytes are written to it and
// interpreted from it without asking QEMU for each word. Before the core runs, Publish() passes the
// changes on. While it runs, accesses go to QEMU, and consecutive writes are collected into one.
//
// Invariants:
//   (1) A cached page is only kept while the core is stopped.
//   (2) After Publish() QEMU has every byte that was written or programmed.
#pragma once

#include <cstdint>
#include <vector>

#include "device-agent/virtual/board_type.h"
#include "device-agent/virtual/flash_array.h"
#include "device-agent/virtual/qemu/qemu_link.h"

namespace boardloop::vboard {

class TargetMemory {
 public:
  // Not owned, must outlive this object.
  TargetMemory(const BoardType& type, FlashArray& flash);

  // After each (re)launch of QEMU: nothing is cached, all flash is to be passed on.
  void Attach(QemuLink* qemu);

  bool InSram(uint32_t address) const { return address - kSramAddress < type_.sram_bytes; }
  // Offset in the array of an address in flash or one of its aliases; false when it is in none.
  bool FlashOffset(uint32_t address, uint32_t* offset) const;

  // SRAM while the core is stopped. size: 1, 2 or 4, within one aligned word.
  uint32_t ReadStopped(uint32_t address, int size);
  void WriteStopped(uint32_t address, int size, uint32_t value);

  // SRAM while the core runs.
  uint32_t ReadRunning(uint32_t address, int size);
  void WriteRunning(uint32_t address, int size, uint32_t value);
  void FlushWrites();

  uint32_t ReadFlash(uint32_t offset, int size) const;

  // True when the debugger has written to the page of `address` since the last reset.
  bool WrittenByDebugger(uint32_t address) const;
  void NoteDebuggerWrite(uint32_t address);
  void ForgetDebuggerWrites();

  // The core is about to run: passes everything on to QEMU and drops the cache.
  void Publish();

 private:
  static constexpr uint32_t kPageBytes = 4096;
  static constexpr uint32_t kLineBytes = 64;

  uint8_t* Cached(uint32_t offset);
  void PublishSram();
  void PublishFlash();

  const BoardType& type_;
  FlashArray& flash_;
  QemuLink* qemu_ = nullptr;

  std::vector<uint8_t> sram_;  // Valid where page_cached_ says so.
  std::vector<bool> page_cached_;
  std::vector<bool> line_written_;  // Lines that QEMU does not have yet.
  bool anything_cached_ = false;
  std::vector<bool> page_from_debugger_;

  std::vector<uint8_t> collected_;  // Writes to the running core not yet sent.
  uint32_t collected_address_ = 0;
};

}  // namespace boardloop::vboard
