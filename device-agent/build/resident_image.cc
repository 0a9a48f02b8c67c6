#include "device-agent/build/resident_image.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "device-agent/build/memory_layout.h"

namespace boardloop {
namespace {

absl::StatusOr<uint32_t> Symbol(const FirmwareImage& image, const std::string& name) {
  const auto found = image.symbols.find(name);
  if (found != image.symbols.end()) return found->second;
  return absl::InvalidArgumentError(
      absl::StrFormat("not a resident image: it has no symbol %s", name));
}

}  // namespace

absl::StatusOr<ResidentImage> DescribeResident(const FirmwareImage& image, const BoardType& board) {
  ResidentImage resident;
  resident.symbols = image.symbols;
  BL_ASSIGN_OR_RETURN(resident.constants_address, Symbol(image, kResidentConstantsBegin));
  BL_ASSIGN_OR_RETURN(const uint32_t constants_end, Symbol(image, kResidentConstantsEnd));
  resident.constants_bytes = constants_end - resident.constants_address;
  BL_ASSIGN_OR_RETURN(resident.real_channels_address, Symbol(image, kResidentRealChannelsBegin));
  BL_ASSIGN_OR_RETURN(const uint32_t real_channels_end, Symbol(image, kResidentRealChannelsEnd));
  resident.real_channels_bytes = real_channels_end - resident.real_channels_address;
  BL_ASSIGN_OR_RETURN(resident.table_address, Symbol(image, kResidentTable));
  BL_ASSIGN_OR_RETURN(const MemoryLayout layout, LayOutMemory(board, {}));
  if (resident.table_address < layout.data.begin || resident.table_address > layout.data.end) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a resident image of another board type: its table is at 0x%08X, on %s RAM for it is "
        "from 0x%08X to 0x%08X",
        resident.table_address, board.name, layout.data.begin, layout.data.end));
  }
  resident.table_end = static_cast<uint32_t>(layout.data.end);
  for (const MemoryLayout::Arena& arena : layout.arenas) {
    resident.region_begin.push_back(arena.with_data ? resident.table_address
                                                    : static_cast<uint32_t>(arena.free.begin));
    resident.region_end.push_back(static_cast<uint32_t>(arena.used.end));
  }
  return resident;
}

}  // namespace boardloop
