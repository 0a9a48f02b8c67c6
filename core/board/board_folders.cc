// Where board type files are found.
#include <cstdlib>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/board/board_type.h"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = 64 * 1024;
constexpr char kExtension[] = ".yaml";

// Relative to the folder of the program: installed in bin/, and built in build/<preset>/bin/ (tests
// in build/<preset>/tests/).
constexpr const char* kFoldersFromProgram[] = {"../share/boardloop/boards",
                                               "../../../device-agent/boards"};

std::vector<fs::path> Folders() {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("BOARDLOOP_BOARDS")) {
    std::vector<std::string> named = absl::StrSplit(variable, ':', absl::SkipEmpty());
    folders.assign(named.begin(), named.end());
  }
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return folders;
  for (const char* folder : kFoldersFromProgram) {
    folders.push_back((program.parent_path() / folder).lexically_normal());
  }
  return folders;
}

void AddNamesIn(const fs::path& folder, std::set<std::string>* names) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == kExtension) names->insert(entry->path().stem().string());
  }
}

absl::StatusOr<BoardType> LoadFile(const std::string& path) {
  BL_ASSIGN_OR_RETURN(std::string yaml, ReadFile(path, kMaxFileBytes));
  return ParseBoardType(yaml, path);
}

absl::Status NoSuchBoardType(const std::string& name, const std::vector<fs::path>& folders) {
  std::vector<std::string> searched;
  for (const fs::path& folder : folders) searched.push_back(folder.string());
  std::vector<std::string> names = BoardTypeNames();
  return absl::NotFoundError(absl::StrFormat(
      "no board type \"%s\"; these are known: %s (searched %s)", name,
      names.empty() ? "none" : absl::StrJoin(names, ", "), absl::StrJoin(searched, ", ")));
}

}  // namespace

bool IsBoardTypeName(const std::string& name_or_path) {
  return !absl::StrContains(name_or_path, '/') && !absl::EndsWith(name_or_path, kExtension);
}

absl::StatusOr<BoardType> LoadBoardType(const std::string& name_or_path) {
  if (!IsBoardTypeName(name_or_path)) return LoadFile(name_or_path);
  std::vector<fs::path> folders = Folders();
  for (const fs::path& folder : folders) {
    fs::path path = folder / (name_or_path + kExtension);
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    BL_ASSIGN_OR_RETURN(BoardType board, LoadFile(path.string()));
    if (board.name == name_or_path) return board;
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s has the name \"%s\", must be that of the file", path.string(), board.name));
  }
  return NoSuchBoardType(name_or_path, folders);
}

std::vector<std::string> BoardTypeNames() {
  std::set<std::string> names;
  for (const fs::path& folder : Folders()) AddNamesIn(folder, &names);
  return {names.begin(), names.end()};
}

}  // namespace boardloop
