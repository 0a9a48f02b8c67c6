#include "core/board/board_type.h"

#include <algorithm>

namespace boardloop {
namespace {

int64_t BytesOf(const std::vector<MemoryRegion>& memories, MemoryRegion::Kind kind) {
  int64_t bytes = 0;
  for (const MemoryRegion& region : memories) bytes += region.kind == kind ? region.bytes : 0;
  return bytes;
}

// Sizes of the runs of RAM regions that touch, of those that may (or may not) hold the arena,
// ascending.
std::vector<int64_t> RamRuns(const std::vector<MemoryRegion>& memories, bool arena) {
  std::vector<const MemoryRegion*> usable;
  for (const MemoryRegion& region : memories) {
    if (region.kind == MemoryRegion::Kind::kRam && region.arena == arena) usable.push_back(&region);
  }
  std::sort(usable.begin(), usable.end(),
            [](const MemoryRegion* a, const MemoryRegion* b) { return a->address < b->address; });
  std::vector<int64_t> runs;
  int64_t end = -1;
  for (const MemoryRegion* region : usable) {
    if (region->address != end) runs.push_back(0);
    runs.back() += region->bytes;
    end = region->address + region->bytes;
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

}  // namespace

int64_t BoardType::RamBytes() const { return BytesOf(memories, MemoryRegion::Kind::kRam); }

int64_t BoardType::FlashBytes() const { return BytesOf(memories, MemoryRegion::Kind::kFlash); }

int64_t BoardType::LargestArenaBytes() const {
  std::vector<int64_t> runs = RamRuns(memories, /*arena=*/true);
  return runs.empty() ? 0 : runs.back();
}

int64_t BoardType::FlashForNetwork() const { return FlashBytes() - reserves.code_bytes; }

std::vector<int64_t> BoardType::ArenaRegions() const {
  const int64_t reserved = reserves.stack_bytes + reserves.data_bytes;
  std::vector<int64_t> kept = RamRuns(memories, /*arena=*/false);
  std::vector<int64_t> runs = RamRuns(memories, /*arena=*/true);
  if (kept.empty() || kept.back() < reserved) {
    auto holder = std::find_if(runs.begin(), runs.end(), [=](int64_t r) { return r >= reserved; });
    if (holder == runs.end()) return {};  // The parser refuses such boards.
    *holder -= reserved;
  }
  runs.erase(std::remove(runs.begin(), runs.end(), 0), runs.end());
  std::sort(runs.rbegin(), runs.rend());
  return runs;
}

}  // namespace boardloop
