#include "device-agent/build/firmware_sources.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

// Of every installation.
constexpr char kKnownFile[] = "firmware/engine/engine.h";

// Relative to the folder of the program: installed in bin/, and built in build/<preset>/bin/ (tests
// in build/<preset>/tests/).
constexpr const char* kFoldersFromProgram[] = {"../share/boardloop", "../../.."};

std::vector<fs::path> Candidates() {
  if (const char* variable = std::getenv("BOARDLOOP_FIRMWARE")) return {variable};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  std::vector<fs::path> folders;
  for (const char* folder : kFoldersFromProgram) {
    folders.push_back((program.parent_path() / folder).lexically_normal());
  }
  return folders;
}

}  // namespace

absl::StatusOr<std::string> FindFirmwareSources() {
  std::vector<std::string> searched;
  for (const fs::path& folder : Candidates()) {
    std::error_code error;
    if (fs::exists(folder / kKnownFile, error)) {
      const fs::path absolute = fs::absolute(folder, error);
      return (error ? folder : absolute).string();
    }
    searched.push_back(folder.string());
  }
  return absl::NotFoundError(absl::StrFormat(
      "no firmware sources: %s is in none of %s; set BOARDLOOP_FIRMWARE to the folder that holds "
      "firmware/",
      kKnownFile, absl::StrJoin(searched, ", ")));
}

}  // namespace boardloop
