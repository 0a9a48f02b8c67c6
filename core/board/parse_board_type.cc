// Board type files: from YAML to a checked BoardType.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "core/board/yaml_reader.h"

namespace boardloop {
namespace {

constexpr size_t kMaxRegions = 32;
constexpr int64_t kAddressSpace = int64_t{1} << 32;  // Cortex-M has 32-bit addresses.
constexpr int64_t kMinClockHz = 1'000'000;
constexpr int64_t kMaxClockHz = 2'000'000'000;
constexpr const char* kCores[] = {"cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"};

absl::Status CheckRange(const YamlValue& value, int64_t number, int64_t low, int64_t high) {
  if (number >= low && number <= high) return absl::OkStatus();
  return value.Error(absl::StrFormat("is %d, must be in [%d, %d]", number, low, high));
}

// Reads an integer field of `map` and checks its range.
absl::Status ReadInteger(YamlMap& map, const std::string& name, int64_t low, int64_t high,
                         int64_t* out) {
  YamlValue value = map.RequireValue(name);
  BL_RETURN_IF_ERROR(map.status());
  BL_RETURN_IF_ERROR(ReadYaml(value, out));
  return CheckRange(value, *out, low, high);
}

// Reads a name: a lower-case letter, then letters, digits, '-' and '_'.
absl::Status ReadName(YamlMap& map, const std::string& name, std::string* out) {
  YamlValue value = map.RequireValue(name);
  BL_RETURN_IF_ERROR(map.status());
  BL_RETURN_IF_ERROR(ReadYaml(value, out));
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!out->empty() && out->size() <= 63 && std::all_of(out->begin(), out->end(), allowed)) {
    return absl::OkStatus();
  }
  return value.Error("must be 1 to 63 lower-case letters, digits, '-' and '_'");
}

absl::Status ReadCore(YamlMap& map, std::string* out) {
  YamlValue value = map.RequireValue("core");
  BL_RETURN_IF_ERROR(map.status());
  BL_RETURN_IF_ERROR(ReadYaml(value, out));
  if (std::count(std::begin(kCores), std::end(kCores), *out) > 0) return absl::OkStatus();
  return value.Error("must be one of " + absl::StrJoin(kCores, ", "));
}

absl::Status ReadKind(YamlMap& map, MemoryRegion::Kind* out) {
  YamlValue value = map.RequireValue("kind");
  BL_RETURN_IF_ERROR(map.status());
  std::string kind;
  BL_RETURN_IF_ERROR(ReadYaml(value, &kind));
  if (kind == "ram") {
    *out = MemoryRegion::Kind::kRam;
  } else if (kind == "flash") {
    *out = MemoryRegion::Kind::kFlash;
  } else if (kind == "code_ram") {
    *out = MemoryRegion::Kind::kCodeRam;
  } else {
    return value.Error("must be ram, flash or code_ram");
  }
  return absl::OkStatus();
}

absl::StatusOr<MemoryRegion> ReadRegion(const YamlValue& value) {
  MemoryRegion region;
  YamlMap map(value);
  BL_RETURN_IF_ERROR(ReadName(map, "name", &region.name));
  BL_RETURN_IF_ERROR(ReadKind(map, &region.kind));
  BL_RETURN_IF_ERROR(ReadInteger(map, "address", 0, kAddressSpace - 1, &region.address));
  BL_RETURN_IF_ERROR(ReadInteger(map, "bytes", 1, kAddressSpace - region.address, &region.bytes));
  region.arena = region.kind == MemoryRegion::Kind::kRam;
  map.Optional("arena", &region.arena);
  BL_RETURN_IF_ERROR(map.Finish());
  if (region.arena && region.kind != MemoryRegion::Kind::kRam) {
    return value.Error("has arena: true, which only ram may have");
  }
  if (region.address % 4 != 0 || region.bytes % 4 != 0) {
    return value.Error("must start and end at multiples of 4");
  }
  return region;
}

absl::Status CheckOverlap(const YamlValue& value, std::vector<MemoryRegion> regions) {
  std::sort(regions.begin(), regions.end(),
            [](const MemoryRegion& a, const MemoryRegion& b) { return a.address < b.address; });
  for (size_t i = 1; i < regions.size(); ++i) {
    const MemoryRegion& before = regions[i - 1];
    if (before.address + before.bytes <= regions[i].address) continue;
    return value.Error(absl::StrFormat("overlap: %s ends at 0x%08x, %s starts at 0x%08x",
                                       before.name, before.address + before.bytes, regions[i].name,
                                       regions[i].address));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<MemoryRegion>> ReadMemories(const YamlValue& value) {
  BL_ASSIGN_OR_RETURN(std::vector<YamlValue> items, YamlSequence(value));
  if (items.size() > kMaxRegions) {
    return value.Error(
        absl::StrFormat("has %d regions, at most %d are read", items.size(), kMaxRegions));
  }
  std::vector<MemoryRegion> regions;
  for (const YamlValue& item : items) {
    BL_ASSIGN_OR_RETURN(MemoryRegion region, ReadRegion(item));
    for (const MemoryRegion& other : regions) {
      if (other.name == region.name) return item.Error("has the name of another region");
    }
    regions.push_back(std::move(region));
  }
  BL_RETURN_IF_ERROR(CheckOverlap(value, regions));
  return regions;
}

absl::StatusOr<Reserves> ReadReserves(const YamlValue& value) {
  Reserves reserves;
  YamlMap map(value);
  BL_RETURN_IF_ERROR(ReadInteger(map, "stack_bytes", 0, kAddressSpace, &reserves.stack_bytes));
  BL_RETURN_IF_ERROR(ReadInteger(map, "data_bytes", 0, kAddressSpace, &reserves.data_bytes));
  BL_RETURN_IF_ERROR(ReadInteger(map, "code_bytes", 0, kAddressSpace, &reserves.code_bytes));
  BL_RETURN_IF_ERROR(map.Finish());
  return reserves;
}

absl::StatusOr<DebugTarget> ReadDebugTarget(const YamlValue& value) {
  DebugTarget debug;
  YamlMap map(value);
  BL_RETURN_IF_ERROR(ReadName(map, "openocd_target", &debug.openocd_target));
  map.Optional("pyocd_target", &debug.pyocd_target);
  BL_RETURN_IF_ERROR(ReadInteger(map, "device_id", 0, 0xFFF, &debug.device_id));
  map.Optional("device_id_address", &debug.device_id_address);
  BL_RETURN_IF_ERROR(
      ReadInteger(map, "unique_id_address", 0, kAddressSpace - 12, &debug.unique_id_address));
  BL_RETURN_IF_ERROR(map.Finish());
  if (debug.device_id_address < 0 || debug.device_id_address > kAddressSpace - 4) {
    return value.Error("has a device_id_address outside 32 bits");
  }
  return debug;
}

absl::StatusOr<Timing> ReadTiming(const YamlValue& value) {
  Timing timing;
  YamlMap map(value);
  YamlValue source = map.RequireValue("source");
  BL_RETURN_IF_ERROR(map.status());
  std::string name;
  BL_RETURN_IF_ERROR(ReadYaml(source, &name));
  if (name == "cycle_counter") {
    timing.source = Timing::Source::kCycleCounter;
  } else if (name == "model") {
    timing.source = Timing::Source::kModel;
    map.Require("model", &timing.model);
  } else {
    return source.Error("must be cycle_counter or model");
  }
  BL_RETURN_IF_ERROR(map.Finish());
  return timing;
}

absl::StatusOr<BoardSupport> ReadSupport(const YamlValue& value) {
  BoardSupport support;
  YamlMap map(value);
  BL_RETURN_IF_ERROR(ReadName(map, "firmware", &support.firmware));
  map.Optional("virtual", &support.is_virtual);
  map.Optional("double_fpu", &support.double_fpu);
  YamlValue debug = map.RequireValue("debug");
  YamlValue timing = map.RequireValue("timing");
  BL_RETURN_IF_ERROR(map.Finish());
  BL_ASSIGN_OR_RETURN(support.debug, ReadDebugTarget(debug));
  BL_ASSIGN_OR_RETURN(support.timing, ReadTiming(timing));
  if (support.is_virtual != (support.timing.source == Timing::Source::kModel)) {
    return timing.Error("must be model on a virtual board, and cycle_counter on any other");
  }
  return support;
}

// A network must have something left.
absl::Status CheckRoom(const BoardType& board, const YamlValue& memories,
                       const YamlValue& reserves) {
  if (board.LargestArenaBytes() == 0) return memories.Error("has no ram that may hold the arena");
  if (board.FlashBytes() == 0) return memories.Error("has no flash");
  int64_t ram = board.reserves.stack_bytes + board.reserves.data_bytes;
  if (ram >= board.RamBytes()) {
    return reserves.Error(
        absl::StrFormat("takes %d B for stack and data of %d B of RAM", ram, board.RamBytes()));
  }
  if (board.ArenaRegions().empty()) {
    return reserves.Error(absl::StrFormat(
        "takes %d B for stack and data, which leaves nothing of any memory that could hold them",
        ram));
  }
  if (board.reserves.code_bytes >= board.FlashBytes()) {
    return reserves.Error(absl::StrFormat("takes %d B for code of %d B of flash",
                                          board.reserves.code_bytes, board.FlashBytes()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BoardType> ParseBoardType(const std::string& yaml, const std::string& source) {
  BL_ASSIGN_OR_RETURN(YamlValue document, ParseYaml(yaml, source));
  BoardType board;
  YamlMap map(document);
  BL_RETURN_IF_ERROR(ReadName(map, "name", &board.name));
  map.Require("description", &board.description);
  map.Require("mcu", &board.mcu);
  BL_RETURN_IF_ERROR(ReadCore(map, &board.core));
  BL_RETURN_IF_ERROR(ReadInteger(map, "clock_hz", kMinClockHz, kMaxClockHz, &board.clock_hz));
  YamlValue memories = map.RequireValue("memories");
  YamlValue reserves = map.RequireValue("reserves");
  const bool supported = map.Has("support");
  YamlValue support = supported ? map.RequireValue("support") : YamlValue{};
  BL_RETURN_IF_ERROR(map.Finish());
  BL_ASSIGN_OR_RETURN(board.memories, ReadMemories(memories));
  BL_ASSIGN_OR_RETURN(board.reserves, ReadReserves(reserves));
  BL_RETURN_IF_ERROR(CheckRoom(board, memories, reserves));
  if (supported) {
    BL_ASSIGN_OR_RETURN(board.support, ReadSupport(support));
  }
  return board;
}

}  // namespace boardloop
