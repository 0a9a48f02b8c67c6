// Runs a fuzz target once over files: the main() of fuzz targets in presets without libFuzzer, so
// that each finding kept in a corpus stays fixed.
//
// Arguments are files and folders (searched recursively); those that start with "-" are options
// for libFuzzer and ignored, so that one command line fits both programs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int64_t kMaxInputBytes = int64_t{64} << 20;

// The regular files at or below `path`, sorted, so that every run has the same order.
std::vector<std::string> FilesAt(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool Replay(const std::string& path) {
  absl::StatusOr<std::string> input = boardloop::ReadFile(path, kMaxInputBytes);
  if (!input.ok()) {
    std::fprintf(stderr, "%s\n", input.status().ToString().c_str());
    return false;
  }
  // Named before it runs: after a crash this is the last line.
  std::fprintf(stderr, "%s (%zu bytes)\n", path.c_str(), input->size());
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input->data()), input->size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int replayed = 0;
  try {
    for (int i = 1; i < argc; ++i) {
      if (argv[i][0] == '-') continue;
      for (const std::string& file : FilesAt(argv[i])) {
        if (!Replay(file)) return 1;
        ++replayed;
      }
    }
  } catch (const std::filesystem::filesystem_error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  if (replayed == 0) {
    std::fprintf(stderr, "no inputs: name the files or folders to replay\n");
    return 1;
  }
  std::printf("%d inputs replayed\n", replayed);
  return 0;
}
