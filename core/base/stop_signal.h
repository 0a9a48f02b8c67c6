// SIGINT and SIGTERM as a call, for programs that wait.
#pragma once

#include <functional>
#include <thread>

namespace boardloop {

// While it lives, the first of the two signals calls `stop`, on a thread of its own; a second one ends the process at once.
// One at a time in a process.
class StopSignal {
 public:
  explicit StopSignal(std::function<void()> stop);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

 private:
  int pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace boardloop
