// Bench files: any text is a bench whose boards can be told apart, or one line of error.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "device-agent/measure/bench.h"
#include "glog/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<boardloop::BenchBoard>> boards =
      boardloop::ParseBench(text, "fuzz");
  if (!boards.ok()) {
    CHECK(!boards.status().message().empty());
    CHECK(boards.status().message().find('\n') == std::string::npos) << boards.status();
    return 0;
  }
  CHECK(!boards->empty());
  std::set<std::string> names, serials;
  for (const boardloop::BenchBoard& board : *boards) {
    CHECK(names.insert(board.name).second) << "two boards have the name " << board.name;
    CHECK(board.name.find_first_of("/.") == std::string::npos) << "no folder: " << board.name;
    if (!board.serial.empty()) {
      CHECK(serials.insert(board.serial).second) << "two boards have the probe " << board.serial;
    }
    CHECK(board.unique_id.empty() || board.unique_id.size() == 24) << board.unique_id;
    CHECK(boardloop::FindBenchBoard(*boards, board.name).ok());
  }
  return 0;
}
