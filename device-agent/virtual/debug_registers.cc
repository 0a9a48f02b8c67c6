#include "device-agent/virtual/debug_registers.h"

#include <set>
#include <utility>
#include <vector>

namespace boardloop::vboard {
namespace {

constexpr uint32_t kAircr = 0xe000ed0c, kDfsrAddress = 0xe000ed30, kDhcsr = 0xe000edf0,
                   kDcrsr = 0xe000edf4, kDcrdr = 0xe000edf8, kDemcr = 0xe000edfc;
constexpr uint32_t kDbgmcuIdcode = 0xe0042000, kDbgmcuCr = 0xe0042004, kDbgmcuEnd = 0xe0042010;

// Pages of 4 KiB.
constexpr uint32_t kItm = 0xe0000000, kDwt = 0xe0001000, kFpb = 0xe0002000, kScs = 0xe000e000,
                   kTpiu = 0xe0040000, kRomTable = 0xe00ff000;

// DHCSR
constexpr uint32_t kDebugEnable = 1, kHaltRequest = 2, kStepRequest = 4, kControlBits = 0xf;
constexpr uint32_t kRegisterReady = 1u << 16, kStatusHalt = 1u << 17, kStatusLockup = 1u << 19,
                   kStatusRetire = 1u << 24, kStatusReset = 1u << 25;
constexpr uint32_t kDebugKey = 0xa05f;

constexpr uint32_t kVectorKey = 0x05fa, kVectorKeyRead = 0xfa05;
constexpr uint32_t kCatchCoreReset = 1;

// Peripheral and component identification of a CoreSight component, at 0xfd0 to 0xffc of its page.
struct Identification {
  uint32_t part;
  bool is_rom_table;
};

uint32_t ReadIdentification(const Identification& id, uint32_t offset) {
  switch (offset) {
    case 0xfd0:  // Designer: Arm (4, 0x3b), for the ROM table ST (0, 0x20).
      return id.is_rom_table ? 0x00 : 0x04;
    case 0xfe0:
      return id.part & 0xff;
    case 0xfe4:
      return (id.is_rom_table ? 0x00 : 0xb0) | id.part >> 8;
    case 0xfe8:
      return id.is_rom_table ? 0x0a : 0x0b;
    case 0xff0:
      return 0x0d;
    case 0xff4:
      return id.is_rom_table ? 0x10 : 0xe0;
    case 0xff8:
      return 0x05;
    case 0xffc:
      return 0xb1;
    default:
      return 0;
  }
}

constexpr uint32_t kFirstIdentification = 0xfd0;

// Addresses that a comparator of the FPB stands for. Version 1 (M4) matches words, version 2 (M7)
// halfwords.
void AddMatches(uint32_t comparator, bool version2, std::set<uint32_t>* addresses) {
  if ((comparator & 1) == 0) return;
  if (version2) {
    addresses->insert(comparator & ~1u);
    return;
  }
  const uint32_t word = comparator & 0x1ffffffc;
  if (comparator >> 30 & 1) addresses->insert(word);
  if (comparator >> 31) addresses->insert(word | 2);
}

}  // namespace

DebugRegisters::DebugRegisters(const BoardType& type, Core& core, std::function<void()> reset)
    : type_(type), core_(core), reset_(std::move(reset)) {}

bool DebugRegisters::CatchesReset() const {
  return (monitor_ & kCatchCoreReset) != 0 && debug_enabled();
}

uint32_t DebugRegisters::Read(uint32_t address) {
  switch (address) {
    case kDhcsr:
      return ReadStatus();
    case kDcrsr:
      return 0;
    case kDcrdr:
      return transfer_;
    case kDemcr:
      return monitor_;
    case kDfsrAddress:
      return core_.dfsr();
    case kAircr:
      return kVectorKeyRead << 16;
    case kDbgmcuIdcode:
      return type_.idcode;
    default:
      break;
  }
  if (address >= kDbgmcuCr && address < kDbgmcuEnd) return chip_debug_[(address - kDbgmcuCr) / 4];
  const uint32_t page = address & ~0xfffu, offset = address & 0xfff;
  const bool m7 = type_.core == 7;
  switch (page) {
    case kItm:
      return offset >= kFirstIdentification ? ReadIdentification({0x001, false}, offset) : 0;
    case kDwt:
      return ReadWatchpointUnit(offset);
    case kFpb:
      return ReadBreakpointUnit(offset);
    case kScs:
      if (offset >= kFirstIdentification) {
        return ReadIdentification({0x00cu, false}, offset);
      }
      return qemu_->qtest.Read(address, 4);
    case kTpiu:
      if (offset == 0xff4) return 0x90;
      return offset >= kFirstIdentification
                 ? ReadIdentification({m7 ? 0x9a9u : 0x9a1u, false}, offset)
                 : 0;
    case kRomTable:
      return ReadRomTable(offset);
    default:
      return 0;
  }
}

uint32_t DebugRegisters::ReadStatus() {
  if (core_.halted()) control_ |= kHaltRequest;
  uint32_t status = control_ | kRegisterReady;
  if (core_.locked_up()) {
    status |= kStatusLockup;
  } else if (core_.halted()) {
    status |= kStatusHalt;
  } else {
    status |= kStatusRetire;
  }
  if (reset_status_) {
    status |= kStatusReset;
    reset_status_ = reset_held_;
  }
  return status;
}

uint32_t DebugRegisters::ReadBreakpointUnit(uint32_t offset) const {
  // FP_CTRL: an M4 has 6 code and 2 literal comparators, an M7 8 code comparators of version 2.
  if (offset == 0) return (type_.core == 7 ? 0x10000080u : 0x260u) | (breakpoints_enabled_ ? 1 : 0);
  if (offset >= 8 && offset < 8 + 4 * breakpoints_.size()) return breakpoints_[(offset - 8) / 4];
  if (offset < kFirstIdentification) return 0;
  return ReadIdentification({type_.core == 7 ? 0x00eu : 0x003u, false}, offset);
}

uint32_t DebugRegisters::ReadWatchpointUnit(uint32_t offset) {
  if (const uint32_t watched = core_.TakeWatchedAddress(); watched != 0) NoteMatch(watched);
  if (offset == 0) return 4u << 28 | watch_control_;
  if (offset == 4) return cycle_counter_;
  if (offset >= kFirstIdentification) return ReadIdentification({0x002, false}, offset);
  if (offset < 0x20 || offset >= 0x60) return 0;
  WatchComparator& comparator = watch_[(offset - 0x20) / 16];
  switch (offset & 15) {
    case 0:
      return comparator.value;
    case 4:
      return comparator.mask;
    case 8:  // MATCHED is cleared by reading it.
      return std::exchange(comparator.function, comparator.function & ~(1u << 24));
    default:
      return 0;
  }
}

void DebugRegisters::NoteMatch(uint32_t address) {
  for (WatchComparator& comparator : watch_) {
    const uint32_t length = 1u << (comparator.mask & 31);
    const bool matches = (address & ~(length - 1)) == comparator.value;
    if ((comparator.function & 7) != 0 && matches) comparator.function |= 1u << 24;
  }
}

uint32_t DebugRegisters::ReadRomTable(uint32_t offset) const {
  // SCS, DWT, FPB, ITM, TPIU
  static constexpr std::array<uint32_t, 5> kEntries = {0xfff0f003, 0xfff02003, 0xfff03003,
                                                       0xfff01003, 0xfff41003};
  if (offset < 4 * kEntries.size()) return kEntries[offset / 4];
  if (offset == 0xfcc) return 1;
  return offset >= kFirstIdentification ? ReadIdentification({type_.idcode & 0xfff, true}, offset)
                                        : 0;
}

void DebugRegisters::Write(uint32_t address, uint32_t value) {
  switch (address) {
    case kDhcsr:
      WriteControl(value);
      return;
    case kDcrsr:
      SelectRegister(value);
      return;
    case kDcrdr:
      transfer_ = value;
      return;
    case kDemcr:
      monitor_ = value;
      return;
    case kDfsrAddress:
      core_.ClearDfsr(value);
      return;
    case kAircr:  // SYSRESETREQ or VECTRESET
      if (value >> 16 == kVectorKey && (value & 5) != 0) reset_();
      return;
    default:
      break;
  }
  if (address >= kDbgmcuCr && address < kDbgmcuEnd) {
    chip_debug_[(address - kDbgmcuCr) / 4] = value;
    return;
  }
  const uint32_t page = address & ~0xfffu, offset = address & 0xfff;
  if (page == kFpb) {
    WriteBreakpointUnit(offset, value);
  } else if (page == kDwt) {
    WriteWatchpointUnit(offset, value);
  } else if (page == kScs) {
    qemu_->qtest.Write(address, 4, value);
  }
}

void DebugRegisters::WriteControl(uint32_t value) {
  if (value >> 16 != kDebugKey) return;
  control_ = value & kControlBits;
  if ((control_ & kDebugEnable) == 0) control_ = 0;
  if (control_ & kHaltRequest) {
    core_.Halt();
  } else if (core_.halted() && (control_ & kStepRequest)) {
    core_.Step();
  } else if (core_.halted()) {
    core_.Resume(debug_enabled());
  }
}

void DebugRegisters::SelectRegister(uint32_t value) {
  if (!core_.halted()) return;  // The registers of a running core cannot be reached.
  const unsigned number = value & 0x7f;
  if (value >> 16 & 1) {
    core_.registers().Write(number, transfer_);
  } else {
    transfer_ = core_.registers().Read(number);
  }
}

void DebugRegisters::WriteBreakpointUnit(uint32_t offset, uint32_t value) {
  if (offset == 0) {
    if (value & 2) breakpoints_enabled_ = value & 1;  // KEY
  } else if (offset >= 8 && offset < 8 + 4 * breakpoints_.size()) {
    breakpoints_[(offset - 8) / 4] = value;
  }
  UpdateBreakpoints();
}

void DebugRegisters::UpdateBreakpoints() {
  std::set<uint32_t> addresses;
  const size_t code_comparators = type_.core == 7 ? 8 : 6;
  for (size_t i = 0; breakpoints_enabled_ && i < code_comparators; ++i) {
    AddMatches(breakpoints_[i], type_.core == 7, &addresses);
  }
  core_.SetBreakpoints(addresses);
}

void DebugRegisters::WriteWatchpointUnit(uint32_t offset, uint32_t value) {
  if (offset == 0) {
    watch_control_ = value & 1;
  } else if (offset == 4) {
    cycle_counter_ = value;
  } else if (offset >= 0x20 && offset < 0x60) {
    WatchComparator& comparator = watch_[(offset - 0x20) / 16];
    if ((offset & 15) == 0) comparator.value = value;
    if ((offset & 15) == 4) comparator.mask = value;
    if ((offset & 15) == 8) comparator.function = value;
    UpdateWatchpoints();
  }
}

void DebugRegisters::UpdateWatchpoints() {
  std::vector<Watchpoint> watchpoints;
  for (const WatchComparator& comparator : watch_) {
    const uint32_t function = comparator.function & 15;
    if (function < 5 || function > 7) continue;  // 5: reads, 6: writes, 7: both
    const StopPoint kind = function == 5   ? StopPoint::kRead
                           : function == 6 ? StopPoint::kWrite
                                           : StopPoint::kAccess;
    watchpoints.push_back({kind, comparator.value, 1u << (comparator.mask & 31)});
  }
  core_.SetWatchpoints(watchpoints);
}

}  // namespace boardloop::vboard
