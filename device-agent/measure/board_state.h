// What is remembered of a board between measurements: a folder of its own, held by one process at a
// time.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace boardloop {

// $XDG_STATE_HOME/boardloop, else ~/.local/state/boardloop.
std::string DefaultStateFolder();
// $XDG_CACHE_HOME/boardloop, else ~/.cache/boardloop.
std::string DefaultCacheFolder();

class BoardState {
 public:
  // How many hangs of the probe in a row make a board wedged.
  static constexpr int kHangsUntilWedged = 3;

  // Takes the folder `root`/`name`, created if absent.
  //
  // FAILED_PRECONDITION  another process has the board
  // UNAVAILABLE          the folder cannot be used
  static absl::StatusOr<BoardState> Open(const std::string& root, const std::string& name);
  // The first of `root`/`name`-1, -2, ... that nobody has: for boards that are made as needed.
  static absl::StatusOr<BoardState> OpenAny(const std::string& root, const std::string& name);

  BoardState(BoardState&& other) noexcept;
  BoardState& operator=(BoardState&&) = delete;
  ~BoardState();

  const std::string& folder() const { return folder_; }

  // Why the board must not be used; empty when it may.
  const std::string& wedged() const { return wedged_; }
  int64_t sector_erases() const { return sector_erases_; }
  int64_t golden_cycles() const { return golden_cycles_; }  // 0: none known for `golden_image`.
  // Of the first time that they were remembered of `golden_image`; 0: as above.
  int64_t golden_first_cycles() const { return golden_first_cycles_; }
  const std::string& golden_image() const { return golden_image_; }

  // Counts hangs of the probe's process since the last call; 0 ends a row of them. `reason` is
  // what the last of them was doing.
  absl::Status NoteHangs(int hangs, const std::string& reason);
  absl::Status MarkWedged(const std::string& reason);
  absl::Status ClearWedged();
  absl::Status CountErases(int64_t sectors);
  absl::Status RememberGolden(const std::string& image, int64_t cycles);

 private:
  explicit BoardState(std::string folder, int lock);
  void Load();
  absl::Status Save() const;

  std::string folder_;
  int lock_ = -1;
  int hangs_in_a_row_ = 0;
  std::string wedged_;
  int64_t sector_erases_ = 0;
  int64_t golden_cycles_ = 0;
  int64_t golden_first_cycles_ = 0;
  std::string golden_image_;
};

}  // namespace boardloop
