#include "device-agent/virtual/debug_port.h"

namespace boardloop::vboard {
namespace {

// CTRL/STAT
constexpr uint32_t kStickyOverrun = 1u << 1, kStickyError = 1u << 5;
constexpr uint32_t kSticky = kStickyOverrun | kStickyError;
constexpr uint32_t kWritable = 0x50000f01;  // Power-up requests, transaction counter, overrun mode.
constexpr uint32_t kDebugPowerRequest = 1u << 28, kSystemPowerRequest = 1u << 30;

// ABORT
constexpr uint32_t kClearStickyError = 1u << 2, kClearStickyOverrun = 1u << 4;

// MEM-AP registers
constexpr uint32_t kCsw = 0x00, kTar = 0x04, kDrw = 0x0c, kBd0 = 0x10, kBd3 = 0x1c, kBase = 0xf8,
                   kIdr = 0xfc;
constexpr uint32_t kRomTableBase = 0xe00ff003;

}  // namespace

bool DebugPort::sticky_error() const { return (control_ & kSticky) != 0; }
void DebugPort::SetStickyError() { control_ |= kStickyError; }

uint32_t DebugPort::ReadDp(uint32_t address) const {
  switch (address) {
    case 0:
      return board_.type().dpidr;
    case 4: {
      if ((select_ & 15) != 0) return 0;
      uint32_t status = control_;  // Each power request is acknowledged at once, one bit above.
      status |= (control_ & (kDebugPowerRequest | kSystemPowerRequest)) << 1;
      return status;
    }
    default:
      return read_buffer_;
  }
}

void DebugPort::WriteDp(uint32_t address, uint32_t value, Wire wire) {
  switch (address) {
    case 0:
      if (wire == Wire::kSwd) Abort(value);
      break;
    case 4: {
      if ((select_ & 15) != 0) break;
      uint32_t sticky = control_ & kSticky;
      if (wire == Wire::kJtag) sticky &= ~value;
      control_ = (value & kWritable) | sticky;
      break;
    }
    case 8:
      select_ = value;
      break;
    default:
      break;
  }
}

void DebugPort::Abort(uint32_t value) {
  if (value & kClearStickyError) control_ &= ~kStickyError;
  if (value & kClearStickyOverrun) control_ &= ~kStickyOverrun;
}

uint32_t DebugPort::ReadAp(uint32_t address) {
  return ReadApRegister(select_ >> 24, (select_ & 0xf0) | address);
}

void DebugPort::WriteAp(uint32_t address, uint32_t value) {
  WriteApRegister(select_ >> 24, (select_ & 0xf0) | address, value);
}

uint32_t DebugPort::ReadApRegister(uint32_t port, uint32_t address) {
  if (port != 0) return 0;
  if (address >= kBd0 && address <= kBd3) {
    return Transfer(false, (transfer_address_ & ~15u) | (address & 12), 0, false);
  }
  switch (address) {
    case kCsw:
      return control_status_word_;
    case kTar:
      return transfer_address_;
    case kDrw:
      return Transfer(false, transfer_address_, 0, true);
    case kBase:
      return kRomTableBase;
    case kIdr:
      return board_.type().access_port_id;
    default:
      return 0;
  }
}

void DebugPort::WriteApRegister(uint32_t port, uint32_t address, uint32_t value) {
  if (port != 0) return;
  if (address >= kBd0 && address <= kBd3) {
    Transfer(true, (transfer_address_ & ~15u) | (address & 12), value, false);
    return;
  }
  switch (address) {
    case kCsw: {
      const uint32_t size = (value & 7) > 2 ? 2 : value & 7;          // 2: words are the widest.
      control_status_word_ = (value & 0x7f000030u) | size | 1u << 6;  // Bit 6: enabled.
      break;
    }
    case kTar:
      transfer_address_ = value;
      break;
    case kDrw:
      Transfer(true, transfer_address_, value, true);
      break;
    default:
      break;
  }
}

// One access to DRW or a banked data register: in packed mode several transfers fill the word.
uint32_t DebugPort::Transfer(bool write, uint32_t address, uint32_t value, bool increments) {
  const int size = increments ? 1 << (control_status_word_ & 3) : 4;
  const uint32_t mode = increments ? control_status_word_ >> 4 & 3 : 0;
  const int transfers = mode == 2 && size < 4 ? 4 / size : 1;
  const uint32_t wrap = board_.type().core == 7 ? 0x3ff : 0xfff;  // TAR counts within such a block.
  uint32_t result = 0;
  for (int i = 0; i < transfers; ++i) {
    const uint32_t lane = 8 * (address & 3 & ~static_cast<uint32_t>(size - 1));
    const uint32_t aligned = address & ~static_cast<uint32_t>(size - 1);
    uint32_t read = 0;
    const bool done =
        write ? board_.Write(aligned, size, value >> lane) : board_.Read(aligned, size, &read);
    if (!done) {
      SetStickyError();
      break;
    }
    result |= read << lane;
    if (mode == 0) continue;
    address = (address & ~wrap) | ((address + static_cast<uint32_t>(size)) & wrap);
    transfer_address_ = address;
  }
  return result;
}

}  // namespace boardloop::vboard
