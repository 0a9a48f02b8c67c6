// What a board's flash holds as far as we know, kept in its state folder, so that only sectors that
// differ are erased: a chip is rated for 10,000 erases of each.
//
// Invariant: an entry is removed, and the file written, before its sector is touched; it comes back
// when the sector has been verified. Whatever ends the program in between leaves "unknown".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "device-agent/probe/probe.h"

namespace boardloop {

struct FlashSector {
  uint32_t address = 0;
  uint32_t bytes = 0;
};

// A sector as an image wants it: from its start to the last byte used; 0xff where nothing is said.
struct SectorContent {
  FlashSector sector;
  std::vector<uint8_t> bytes;
  std::string hash;
};

// The sectors that `segments` touch, ascending.
//
// FAILED_PRECONDITION  bytes outside every sector; the message says which
// INVALID_ARGUMENT     two segments overlap
absl::StatusOr<std::vector<SectorContent>> SectorContents(absl::Span<const FlashSector> sectors,
                                                          absl::Span<const FlashSegment> segments);

// Consecutive sectors as one segment each run, filled up with 0xff between them.
std::vector<FlashSegment> MergeSectors(absl::Span<const SectorContent* const> contents);

class FlashRecord {
 public:
  // `path` empty: kept in memory only. A file that cannot be read or parsed counts as absent: then
  // nothing is known of the flash.
  explicit FlashRecord(const std::string& path);

  bool Holds(const SectorContent& content) const;

  // Before erasing: forgets the sectors and counts one erase of each.
  absl::Status Forget(absl::Span<const SectorContent* const> contents);
  // After verifying.
  absl::Status Remember(absl::Span<const SectorContent* const> contents);

  // Erases of all sectors together, and of the one erased most.
  int64_t total_erases() const;
  int64_t most_erases() const;

 private:
  absl::Status Save() const;

  std::string path_;
  std::map<uint32_t, std::string> hashes_;
  std::map<uint32_t, int64_t> erases_;
};

}  // namespace boardloop
