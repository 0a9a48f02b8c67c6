#include "device-agent/probe/flash_record.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/hash.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

constexpr int64_t kMaxRecordBytes = 1 << 20;
constexpr uint8_t kErased = 0xff;

// The sector that holds `address`, or null.
const FlashSector* SectorOf(absl::Span<const FlashSector> sectors, uint32_t address) {
  for (const FlashSector& sector : sectors) {
    if (address >= sector.address && address - sector.address < sector.bytes) return &sector;
  }
  return nullptr;
}

// Copies what of `segment` lies from `address` on into its sector; returns how many bytes.
uint32_t CopyInto(const FlashSegment& segment, uint32_t address, SectorContent* content) {
  const uint32_t from = address - segment.address;
  const uint32_t to = address - content->sector.address;
  const uint32_t count = std::min<uint32_t>(static_cast<uint32_t>(segment.bytes.size()) - from,
                                            content->sector.bytes - to);
  if (content->bytes.size() < to + count) content->bytes.resize(to + count, kErased);
  std::copy_n(segment.bytes.begin() + from, count, content->bytes.begin() + to);
  return count;
}

std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<std::vector<SectorContent>> SectorContents(absl::Span<const FlashSector> sectors,
                                                          absl::Span<const FlashSegment> segments) {
  std::vector<const FlashSegment*> ordered;
  for (const FlashSegment& segment : segments) ordered.push_back(&segment);
  std::sort(ordered.begin(), ordered.end(),
            [](const auto* a, const auto* b) { return a->address < b->address; });
  std::map<uint32_t, SectorContent> contents;
  uint64_t end = 0;
  for (const FlashSegment* segment : ordered) {
    if (segment->address < end) {
      return absl::InvalidArgumentError(
          absl::StrFormat("two segments hold the flash address 0x%08x", segment->address));
    }
    end = uint64_t{segment->address} + segment->bytes.size();
    for (uint64_t address = segment->address; address < end;) {
      const FlashSector* sector = SectorOf(sectors, static_cast<uint32_t>(address));
      if (sector == nullptr) {
        return absl::FailedPreconditionError(
            absl::StrFormat("the image has bytes at 0x%08x, where the chip has no flash", address));
      }
      SectorContent& content = contents[sector->address];
      content.sector = *sector;
      address += CopyInto(*segment, static_cast<uint32_t>(address), &content);
    }
  }
  std::vector<SectorContent> list;
  for (auto& [address, content] : contents) {
    content.hash = HashBytes(std::string(content.bytes.begin(), content.bytes.end())).Hex();
    list.push_back(std::move(content));
  }
  return list;
}

std::vector<FlashSegment> MergeSectors(absl::Span<const SectorContent* const> contents) {
  std::vector<FlashSegment> segments;
  uint64_t sector_end = 0;
  for (const SectorContent* content : contents) {
    const bool follows = !segments.empty() && content->sector.address == sector_end;
    if (!follows) segments.push_back({content->sector.address, {}});
    FlashSegment& segment = segments.back();
    segment.bytes.resize(content->sector.address - segment.address, kErased);
    segment.bytes.insert(segment.bytes.end(), content->bytes.begin(), content->bytes.end());
    sector_end = uint64_t{content->sector.address} + content->sector.bytes;
  }
  return segments;
}

FlashRecord::FlashRecord(const std::string& path) : path_(path) {
  if (path.empty()) return;
  absl::StatusOr<std::string> text = ReadFile(path, kMaxRecordBytes);
  if (!text.ok()) return;
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("sectors") || !json["sectors"].is_array()) return;
  for (const nlohmann::json& sector : json["sectors"]) {
    if (!sector.is_object()) continue;
    uint32_t address = 0;
    if (!absl::SimpleHexAtoi(TextOf(sector, "address"), &address)) continue;
    const std::string hash = TextOf(sector, "hash");
    if (!hash.empty()) hashes_[address] = hash;
    const auto erases = sector.find("erases");
    if (erases != sector.end() && erases->is_number_integer()) {
      erases_[address] = erases->get<int64_t>();
    }
  }
}

bool FlashRecord::Holds(const SectorContent& content) const {
  const auto found = hashes_.find(content.sector.address);
  return found != hashes_.end() && found->second == content.hash;
}

absl::Status FlashRecord::Forget(absl::Span<const SectorContent* const> contents) {
  for (const SectorContent* content : contents) {
    hashes_.erase(content->sector.address);
    ++erases_[content->sector.address];
  }
  return Save();
}

absl::Status FlashRecord::Remember(absl::Span<const SectorContent* const> contents) {
  for (const SectorContent* content : contents) hashes_[content->sector.address] = content->hash;
  return Save();
}

int64_t FlashRecord::total_erases() const {
  int64_t total = 0;
  for (const auto& [address, erases] : erases_) total += erases;
  return total;
}

int64_t FlashRecord::most_erases() const {
  int64_t most = 0;
  for (const auto& [address, erases] : erases_) most = std::max(most, erases);
  return most;
}

absl::Status FlashRecord::Save() const {
  if (path_.empty()) return absl::OkStatus();
  nlohmann::ordered_json sectors = nlohmann::ordered_json::array();
  for (const auto& [address, erases] : erases_) {
    const auto hash = hashes_.find(address);
    sectors.push_back({{"address", absl::StrFormat("0x%08x", address)},
                       {"hash", hash == hashes_.end() ? "" : hash->second},
                       {"erases", erases}});
  }
  const nlohmann::ordered_json json = {{"version", 1}, {"sectors", sectors}};
  return Annotate(WriteFileAtomically(path_, json.dump(1) + "\n"), "record of the board's flash");
}

}  // namespace boardloop
