// The FLASH peripheral of STM32F4 and F7: what their reference manuals (RM0090, RM0385, chapter
// "Embedded flash memory") say of locking, erasing and programming. Operations take no time.
//
// Option bytes are stored without effect: no write protection, no read-out protection.
#pragma once

#include <cstdint>
#include <optional>

#include "device-agent/virtual/board_type.h"
#include "device-agent/virtual/flash_array.h"

namespace boardloop::vboard {

class FlashController {
 public:
  static constexpr uint32_t kAddress = 0x40023c00;
  static constexpr uint32_t kBytes = 0x20;

  // `type` and `array` are not owned and must outlive the controller.
  FlashController(const BoardType& type, FlashArray& array);

  // offset   of a register: 0, 4, ... 0x1c
  uint32_t ReadRegister(uint32_t offset) const;
  void WriteRegister(uint32_t offset, uint32_t value);

  // A store of the bus into flash, at `offset` in the array, of 1, 2 or 4 bytes. Programs if it is
  // unlocked, selected and of the chosen width; else leaves an error flag in SR, as the chip does.
  void Store(uint32_t offset, int size, uint32_t value);

  bool unlocked() const;
  void Reset();

  // Fault for tests: the next time the word at `offset` is programmed, a bit of it turns out wrong.
  void CorruptNextProgramming(uint32_t offset) { corrupt_offset_ = offset & ~3u; }

 private:
  void WriteControl(uint32_t value);
  void EraseSector(uint32_t sector);
  void WriteOptionControl(uint32_t value);

  const BoardType& type_;
  FlashArray& array_;
  uint32_t access_control_ = 0;
  uint32_t status_ = 0;
  uint32_t control_;
  uint32_t option_control_;
  uint32_t option_control1_;
  bool first_key_seen_ = false;
  bool first_option_key_seen_ = false;
  std::optional<uint32_t> corrupt_offset_;
};

}  // namespace boardloop::vboard
