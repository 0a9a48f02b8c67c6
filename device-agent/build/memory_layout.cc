#include "device-agent/build/memory_layout.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace boardloop {
namespace {

// A run of RAM, and how much of its start stack and data take.
struct Run {
  AddressRange range;
  int64_t reserved = 0;

  int64_t for_arena() const { return range.bytes() - reserved; }
};

int64_t Reserved(const BoardType& board) {
  return board.reserves.stack_bytes + board.reserves.data_bytes;
}

// As BoardType::ArenaRegions() decides: RAM that may not hold the arena if there is enough, else
// the smallest run that holds stack and data. Null if there is neither.
Run* HolderOf(std::vector<Run>& kept, std::vector<Run>& runs, int64_t reserved) {
  const auto smaller = [](const Run& a, const Run& b) { return a.range.bytes() < b.range.bytes(); };
  const auto largest = std::max_element(kept.begin(), kept.end(), smaller);
  if (largest != kept.end() && largest->range.bytes() >= reserved) return &*largest;
  std::stable_sort(runs.begin(), runs.end(), smaller);
  const auto holder = std::find_if(runs.begin(), runs.end(),
                                   [=](const Run& run) { return run.range.bytes() >= reserved; });
  return holder == runs.end() ? nullptr : &*holder;
}

std::vector<Run> Runs(const BoardType& board, RamUse use) {
  std::vector<Run> runs;
  for (const AddressRange& range : RamRuns(board, use)) runs.push_back({range});
  return runs;
}

absl::StatusOr<AddressRange> Flash(const BoardType& board) {
  const MemoryRegion* flash = nullptr;
  for (const MemoryRegion& region : board.memories) {
    if (region.kind != MemoryRegion::Kind::kFlash) continue;
    if (flash != nullptr) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "board type %s has flash in two regions, images are built for one", board.name));
    }
    flash = &region;
  }
  if (flash == nullptr) {
    return absl::FailedPreconditionError(absl::StrFormat("board type %s has no flash", board.name));
  }
  return AddressRange{flash->address, flash->address + flash->bytes};
}

absl::Status ArenaTooLarge(const BoardType& board, size_t region, int64_t bytes, int64_t capacity) {
  return absl::ResourceExhaustedError(
      absl::StrFormat("arena region %d needs %d B of RAM, %s has %d B there: %d B too much", region,
                      bytes, board.name, capacity, bytes - capacity));
}

}  // namespace

std::vector<AddressRange> RamRuns(const BoardType& board, RamUse use) {
  std::vector<AddressRange> ranges;
  for (const MemoryRegion& region : board.memories) {
    if (region.kind != MemoryRegion::Kind::kRam) continue;
    if (use != RamUse::kAny && region.arena != (use == RamUse::kArena)) continue;
    ranges.push_back({region.address, region.address + region.bytes});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  std::vector<AddressRange> runs;
  for (const AddressRange& range : ranges) {
    if (!runs.empty() && runs.back().end == range.begin) {
      runs.back().end = range.end;
    } else {
      runs.push_back(range);
    }
  }
  return runs;
}

absl::StatusOr<MemoryLayout> LayOutMemory(const BoardType& board,
                                          absl::Span<const int64_t> arena_bytes) {
  MemoryLayout layout;
  BL_ASSIGN_OR_RETURN(layout.flash, Flash(board));
  std::vector<Run> kept = Runs(board, RamUse::kNoArena);
  std::vector<Run> runs = Runs(board, RamUse::kArena);
  Run* holder = HolderOf(kept, runs, Reserved(board));
  if (holder == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("board type %s has no run of RAM for the %d B of stack and data",
                        board.name, Reserved(board)));
  }
  holder->reserved = Reserved(board);
  layout.stack = {holder->range.begin, holder->range.begin + board.reserves.stack_bytes};
  layout.data = {layout.stack.end, holder->range.end};

  runs.erase(
      std::remove_if(runs.begin(), runs.end(), [](const Run& run) { return run.for_arena() == 0; }),
      runs.end());
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Run& a, const Run& b) { return a.for_arena() > b.for_arena(); });
  for (size_t i = 0; i < arena_bytes.size(); ++i) {
    const int64_t capacity = i < runs.size() ? runs[i].for_arena() : 0;
    if (arena_bytes[i] > capacity) return ArenaTooLarge(board, i, arena_bytes[i], capacity);
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    const int64_t bytes = i < arena_bytes.size() ? arena_bytes[i] : 0;
    const int64_t begin = (runs[i].range.end - bytes) & ~int64_t{3};
    MemoryLayout::Arena arena = {{begin, begin + bytes}, {runs[i].range.begin, begin}};
    if (runs[i].reserved != 0) {
      arena.with_data = true;
      arena.free = {begin, begin};
      layout.data.end = begin;
    }
    layout.arenas.push_back(arena);
  }
  return layout;
}

}  // namespace boardloop
