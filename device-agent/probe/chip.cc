#include "device-agent/probe/chip.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// Distance of the flash size register (16 bits, in KiB) from the unique id, by family: RM0090 and
// RM0402 39.1/39.2 (F4), RM0385 41.1/41.2 (F7), RM0433 61.1/61.2 (H7).
uint32_t FlashSizeOffset(const DebugTarget& target) {
  if (absl::StartsWith(target.openocd_target, "stm32f7")) return 0x22;
  if (absl::StartsWith(target.openocd_target, "stm32h7")) return 0x80;
  return 0x12;
}

}  // namespace

absl::StatusOr<BoardIdentity> ReadIdentity(const DebugTarget& target,
                                           const ReadWordsFunction& read) {
  BoardIdentity identity;
  const auto id_address = static_cast<uint32_t>(target.device_id_address);
  const auto unique_address = static_cast<uint32_t>(target.unique_id_address);
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> device, read(id_address, 1));
  identity.device_id = device[0];
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> unique, read(unique_address, 3));
  for (const uint32_t word : unique) {  // Byte by byte as they lie in memory.
    for (int shift = 0; shift < 32; shift += 8) {
      absl::StrAppendFormat(&identity.unique_id, "%02x", (word >> shift) & 0xff);
    }
  }
  const uint32_t size_address = unique_address + FlashSizeOffset(target);
  BL_ASSIGN_OR_RETURN(const std::vector<uint32_t> size, read(size_address & ~3u, 1));
  identity.flash_kib = static_cast<int32_t>((size[0] >> (8 * (size_address & 3u))) & 0xffff);
  return identity;
}

CoreState CoreStateOf(uint32_t dhcsr) {
  constexpr uint32_t kHalt = 1u << 17, kLockup = 1u << 19;
  if ((dhcsr & kLockup) != 0) return CoreState::kLockup;
  if ((dhcsr & kHalt) != 0) return CoreState::kHalted;
  return CoreState::kRunning;
}

const char* CoreStateName(CoreState state) {
  switch (state) {
    case CoreState::kRunning:
      return "running";
    case CoreState::kHalted:
      return "halted";
    case CoreState::kReset:
      return "in reset";
    case CoreState::kLockup:
      return "locked up";
    case CoreState::kUnknown:
      break;
  }
  return "in an unknown state";
}

}  // namespace boardloop
