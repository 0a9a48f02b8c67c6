#include "device-agent/build/mpu_regions.h"

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// MPU_RASR, ARMv7-M Architecture Reference Manual section B3.5.9.
constexpr uint32_t kEnable = 1;
constexpr uint32_t kExecuteNever = 1u << 28;
constexpr uint32_t kReadWrite = 3u << 24;
constexpr uint32_t kReadOnly = 6u << 24;
constexpr uint32_t kWriteThrough = 1u << 17;                             // TEX 0, C.
constexpr uint32_t kWriteBackAllocate = 1u << 19 | 1u << 17 | 1u << 16;  // TEX 1, C, B.

constexpr int kSmallestShift = 5;            // 32 bytes.
constexpr int kSmallestSubregionsShift = 8;  // Smaller regions have no subregions.
constexpr int kLargestShift = 31;

struct Cover {
  int shift = 0;       // Size of the region: 1 << shift.
  int subregions = 8;  // From its start.
  int64_t bytes = 0;   // Covered.
};

// The region at `begin` that covers most of the next `bytes`.
Cover LargestCover(int64_t begin, int64_t bytes) {
  Cover best;
  for (int shift = kSmallestShift; shift <= kLargestShift; ++shift) {
    const int64_t size = int64_t{1} << shift;
    if (begin % size != 0) break;
    Cover cover = {shift, 8, size};
    if (size > bytes) {
      if (shift < kSmallestSubregionsShift) break;
      cover.subregions = static_cast<int>(bytes / (size / 8));
      cover.bytes = cover.subregions * (size / 8);
    }
    if (cover.bytes > best.bytes) best = cover;
  }
  return best;
}

uint32_t DisabledSubregions(int subregions) { return (0xFFu << subregions & 0xFFu) << 8; }

}  // namespace

absl::StatusOr<std::vector<MpuRegion>> CoverExactly(const AddressRange& range,
                                                    uint32_t attributes) {
  if (range.begin % 32 != 0 || range.end % 32 != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "memory 0x%08X to 0x%08X: the MPU protects multiples of 32 bytes", range.begin, range.end));
  }
  std::vector<MpuRegion> regions;
  for (int64_t begin = range.begin; begin < range.end;) {
    const Cover cover = LargestCover(begin, range.end - begin);
    regions.push_back(
        {static_cast<uint32_t>(begin), attributes | DisabledSubregions(cover.subregions) |
                                           static_cast<uint32_t>(cover.shift - 1) << 1 | kEnable});
    begin += cover.bytes;
  }
  return regions;
}

absl::StatusOr<std::vector<MpuRegion>> MpuRegionsOf(const BoardType& board,
                                                    const AddressRange& flash) {
  BL_ASSIGN_OR_RETURN(std::vector<MpuRegion> regions,
                      CoverExactly(flash, kReadOnly | kWriteThrough));
  for (const AddressRange& run : RamRuns(board, RamUse::kAny)) {
    BL_ASSIGN_OR_RETURN(std::vector<MpuRegion> ram,
                        CoverExactly(run, kReadWrite | kExecuteNever | kWriteBackAllocate));
    regions.insert(regions.end(), ram.begin(), ram.end());
  }
  if (regions.size() > kMpuRegions) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the memories of board type %s need %d regions of the MPU, it has %d",
                        board.name, regions.size(), kMpuRegions));
  }
  return regions;
}

}  // namespace boardloop
