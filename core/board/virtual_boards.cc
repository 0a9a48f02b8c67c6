#include "core/board/virtual_boards.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/board/board_type.h"

namespace boardloop {

absl::StatusOr<VirtualBoards> ParseVirtualBoards(const std::string& text) {
  const size_t colon = text.find(':');
  VirtualBoards boards{text.substr(0, colon), 1};
  if (colon != std::string::npos && (!absl::SimpleAtoi(text.substr(colon + 1), &boards.count) ||
                                     boards.count < 1 || boards.count > 64)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--virtual is \"%s\", must be TYPE or TYPE:COUNT, up to 64", text));
  }
  BL_ASSIGN_OR_RETURN(const BoardType known, LoadBoardType(boards.type));
  if (!known.support.has_value() || !known.support->is_virtual) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no virtual board: real ones stand in a bench file", boards.type));
  }
  return boards;
}

}  // namespace boardloop
