// A byte stream to QEMU that remembers having failed.
//
// QEMU dies when the core locks up, at any moment and in the middle of any exchange. So that not
// every access of a debugger has to be a status, a channel is like an iostream: once QEMU is gone,
// or has not answered within kAnswerTimeout, every call returns at once with nothing, and `gone()`
// stays true. The board looks at it after each access (Board::Read and its neighbours).
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/base/unique_fd.h"

namespace boardloop::vboard {

// No answer takes a second; a host that swaps may need several.
inline constexpr absl::Duration kAnswerTimeout = absl::Seconds(20);

class Channel {
 public:
  explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

  bool gone() const { return gone_; }
  int fd() const { return fd_.get(); }

  void Send(std::string_view bytes);

  // Appends what has arrived to `received`. Waits for it up to `timeout`; false when nothing came.
  bool Receive(std::string* received, absl::Duration timeout);

  // QEMU is of no more use: all further calls return at once.
  void GiveUp() { gone_ = true; }

 private:
  UniqueFd fd_;
  bool gone_ = false;
};

}  // namespace boardloop::vboard
