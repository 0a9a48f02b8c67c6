#include "device-agent/measure/board_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace boardloop {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxStateBytes = 64 * 1024;
constexpr int kMaxInstances = 64;

std::string UserFolder(const char* variable, const char* below_home) {
  const char* folder = std::getenv(variable);
  if (folder != nullptr && folder[0] == '/') return absl::StrCat(folder, "/boardloop");
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "/tmp" : home, below_home, "/boardloop");
}

// Takes the lock of `folder`, or says who has it.
absl::StatusOr<int> Lock(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("create the state folder %s: %s", folder, error.message()));
  }
  const std::string path = folder + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrFormat("the state folder is not usable: open %s: %s", path, strerror(errno)));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string pid = absl::StrFormat("%d\n", getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
      // Only for the message of somebody who finds it taken.
    }
    return fd;
  }
  char holder[16] = {};
  const ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);
  close(fd);
  return absl::FailedPreconditionError(
      absl::StrFormat("the board of %s is in use by process %s", folder,
                      n > 0 ? std::string(absl::StripAsciiWhitespace(holder)).c_str() : "unknown"));
}

}  // namespace

std::string DefaultStateFolder() { return UserFolder("XDG_STATE_HOME", "/.local/state"); }
std::string DefaultCacheFolder() { return UserFolder("XDG_CACHE_HOME", "/.cache"); }

absl::StatusOr<BoardState> BoardState::Open(const std::string& root, const std::string& name) {
  std::string folder = absl::StrCat(root, "/", name);
  BL_ASSIGN_OR_RETURN(const int lock, Lock(folder));
  BoardState state(std::move(folder), lock);
  state.Load();
  return state;
}

absl::StatusOr<BoardState> BoardState::OpenAny(const std::string& root, const std::string& name) {
  absl::Status last;
  for (int instance = 1; instance <= kMaxInstances; ++instance) {
    absl::StatusOr<BoardState> state = Open(root, absl::StrCat(name, "-", instance));
    if (state.ok() && state->wedged().empty()) return state;
    if (absl::IsUnavailable(state.status())) return state.status();  // Another name does not help.
    last = state.ok() ? absl::FailedPreconditionError(state->wedged()) : state.status();
  }
  return last;
}

BoardState::BoardState(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}

BoardState::BoardState(BoardState&& other) noexcept
    : folder_(std::move(other.folder_)),
      lock_(std::exchange(other.lock_, -1)),
      hangs_in_a_row_(other.hangs_in_a_row_),
      wedged_(std::move(other.wedged_)),
      sector_erases_(other.sector_erases_),
      golden_cycles_(other.golden_cycles_),
      golden_first_cycles_(other.golden_first_cycles_),
      golden_image_(std::move(other.golden_image_)) {}

BoardState::~BoardState() {
  if (lock_ >= 0) close(lock_);
}

absl::Status BoardState::NoteHangs(int hangs, const std::string& reason) {
  if (hangs == 0 && hangs_in_a_row_ == 0) return absl::OkStatus();
  hangs_in_a_row_ = hangs == 0 ? 0 : hangs_in_a_row_ + hangs;
  if (hangs_in_a_row_ >= kHangsUntilWedged && wedged_.empty()) {
    wedged_ =
        absl::StrFormat("the probe hung %d times in a row, last: %s", hangs_in_a_row_, reason);
  }
  return Save();
}

absl::Status BoardState::MarkWedged(const std::string& reason) {
  wedged_ = reason;
  return Save();
}

absl::Status BoardState::ClearWedged() {
  wedged_.clear();
  hangs_in_a_row_ = 0;
  return Save();
}

absl::Status BoardState::CountErases(int64_t sectors) {
  if (sectors == 0) return absl::OkStatus();
  sector_erases_ += sectors;
  return Save();
}

absl::Status BoardState::RememberGolden(const std::string& image, int64_t cycles) {
  if (image != golden_image_ || golden_first_cycles_ == 0) golden_first_cycles_ = cycles;
  golden_image_ = image;
  golden_cycles_ = cycles;
  return Save();
}

// A file that cannot be read is as good as none: what it holds is counted again.
void BoardState::Load() {
  const absl::StatusOr<std::string> text = ReadFile(folder_ + "/board.json", kMaxStateBytes);
  if (!text.ok()) return;
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  const auto number = [&](const char* name) {
    const auto member = json.find(name);
    return member != json.end() && member->is_number_integer() ? member->get<int64_t>() : 0;
  };
  const auto word = [&](const char* name) {
    const auto member = json.find(name);
    return member != json.end() && member->is_string() ? member->get<std::string>() : "";
  };
  hangs_in_a_row_ = static_cast<int>(number("hangs_in_a_row"));
  wedged_ = word("wedged");
  sector_erases_ = number("sector_erases");
  golden_cycles_ = number("golden_cycles");
  // Earlier releases kept the last only.
  golden_first_cycles_ = number("golden_first_cycles");
  if (golden_first_cycles_ == 0) golden_first_cycles_ = golden_cycles_;
  golden_image_ = word("golden_image");
}

absl::Status BoardState::Save() const {
  const nlohmann::ordered_json json = {{"version", 1},
                                       {"hangs_in_a_row", hangs_in_a_row_},
                                       {"wedged", wedged_},
                                       {"sector_erases", sector_erases_},
                                       {"golden_image", golden_image_},
                                       {"golden_cycles", golden_cycles_},
                                       {"golden_first_cycles", golden_first_cycles_}};
  return Annotate(WriteFileAtomically(folder_ + "/board.json", json.dump(1) + "\n"),
                  "remember the board's state");
}

}  // namespace boardloop
