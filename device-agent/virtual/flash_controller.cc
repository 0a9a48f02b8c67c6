#include "device-agent/virtual/flash_controller.h"

namespace boardloop::vboard {
namespace {

enum Register : uint32_t {
  kAcr = 0x00,
  kKeyr = 0x04,
  kOptkeyr = 0x08,
  kSr = 0x0c,
  kCr = 0x10,
  kOptcr = 0x14,
  kOptcr1 = 0x18
};

constexpr uint32_t kStatusEndOfOperation = 1u << 0;
constexpr uint32_t kStatusParallelismError = 1u << 6;  // PGPERR
constexpr uint32_t kStatusSequenceError = 1u << 7;     // PGSERR, on F7 ERSERR
constexpr uint32_t kStatusClearable = 0xf3;

constexpr uint32_t kControlProgram = 1u << 0;
constexpr uint32_t kControlSectorErase = 1u << 1;
constexpr uint32_t kControlMassErase = 1u << 2;
constexpr uint32_t kControlStart = 1u << 16;
constexpr uint32_t kControlLock = 1u << 31;

constexpr uint32_t kKey1 = 0x45670123, kKey2 = 0xcdef89ab;
constexpr uint32_t kOptionKey1 = 0x08192a3b, kOptionKey2 = 0x4c5d6e7f;
constexpr uint32_t kOptionLock = 1u << 0, kOptionStart = 1u << 1;

}  // namespace

FlashController::FlashController(const BoardType& type, FlashArray& array)
    : type_(type),
      array_(array),
      control_(kControlLock),
      option_control_(type.option_bytes),
      option_control1_(type.option_bytes1) {}

bool FlashController::unlocked() const { return (control_ & kControlLock) == 0; }

void FlashController::Reset() {
  control_ = kControlLock;
  option_control_ |= kOptionLock;
  status_ = 0;
  access_control_ = 0;
  first_key_seen_ = first_option_key_seen_ = false;
}

uint32_t FlashController::ReadRegister(uint32_t offset) const {
  switch (offset) {
    case kAcr:
      return access_control_;
    case kSr:
      return status_;
    case kCr:
      return control_;
    case kOptcr:
      return option_control_;
    case kOptcr1:
      return option_control1_;
    default:
      return 0;
  }
}

void FlashController::WriteRegister(uint32_t offset, uint32_t value) {
  switch (offset) {
    case kAcr:
      access_control_ = value;
      break;
    case kKeyr:
      if (first_key_seen_ && value == kKey2) control_ &= ~kControlLock;
      first_key_seen_ = value == kKey1;
      break;
    case kOptkeyr:
      if (first_option_key_seen_ && value == kOptionKey2) option_control_ &= ~kOptionLock;
      first_option_key_seen_ = value == kOptionKey1;
      break;
    case kSr:
      status_ &= ~(value & kStatusClearable);
      break;
    case kCr:
      WriteControl(value);
      break;
    case kOptcr:
      if ((option_control_ & kOptionLock) == 0) option_control_ = value & ~kOptionStart;
      break;
    case kOptcr1:
      if ((option_control_ & kOptionLock) == 0) option_control1_ = value;
      break;
    default:
      break;
  }
}

void FlashController::WriteControl(uint32_t value) {
  if (!unlocked()) return;
  control_ = value & ~kControlStart;
  if ((value & kControlStart) == 0) return;
  if (value & kControlSectorErase) {
    EraseSector(value >> 3 & 31);
  } else if (value & kControlMassErase) {
    array_.Erase(0, array_.size());
    status_ |= kStatusEndOfOperation;
  }
}

void FlashController::EraseSector(uint32_t sector) {
  if (sector >= type_.sector_kib.size()) {
    status_ |= kStatusSequenceError;
    return;
  }
  uint32_t offset = 0;
  for (uint32_t i = 0; i < sector; ++i) offset += type_.sector_kib[i] * 1024;
  array_.Erase(offset, type_.sector_kib[sector] * 1024);
  status_ |= kStatusEndOfOperation;
}

void FlashController::Store(uint32_t offset, int size, uint32_t value) {
  if (!unlocked() || (control_ & kControlProgram) == 0) {
    status_ |= kStatusSequenceError;
    return;
  }
  const int width = 1 << (control_ >> 8 & 3);  // PSIZE
  if (width != size) {
    status_ |= kStatusParallelismError;
    return;
  }
  for (int i = 0; i < size; ++i) {
    array_.Program(offset + static_cast<uint32_t>(i), static_cast<uint8_t>(value >> (8 * i)));
  }
  if (corrupt_offset_ && *corrupt_offset_ == (offset & ~3u)) {
    array_.Flip(offset, 1);
    corrupt_offset_.reset();
  }
  status_ |= kStatusEndOfOperation;
}

}  // namespace boardloop::vboard
