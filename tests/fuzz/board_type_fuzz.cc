// Board type files: any text is a board type with room for a network, or one line of error.
#include <glog/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/board/board_type.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<boardloop::BoardType> board = boardloop::ParseBoardType(text, "fuzz");
  if (!board.ok()) {
    CHECK(board.status().message().find('\n') == std::string::npos) << board.status();
    return 0;
  }
  CHECK_GT(board->LargestArenaBytes(), 0);
  CHECK_LE(board->LargestArenaBytes(), board->RamBytes());
  CHECK(!board->ArenaRegions().empty());
  CHECK_GT(board->FlashForNetwork(), 0);
  return 0;
}
