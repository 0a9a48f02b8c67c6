#include "core/base/stop_signal.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <utility>

namespace boardloop {
namespace {

std::atomic<int> write_end{-1};

void OnSignal(int number) {
  const char byte = 's';
  // Nothing can be done about a full pipe, and one byte is enough.
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &byte, 1);
  std::signal(number, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal(std::function<void()> stop) {
  if (pipe2(pipe_, O_CLOEXEC) != 0) return;  // Out of descriptors: signals then end the process.
  write_end = pipe_[1];
  thread_ = std::thread([read_end = pipe_[0], stop = std::move(stop)] {
    char byte = 0;
    while (true) {
      const ssize_t got = read(read_end, &byte, 1);
      if (got < 0) continue;  // Interrupted.
      if (got == 1 && byte == 's') stop();
      if (got == 0) return;
    }
  });
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
}

StopSignal::~StopSignal() {
  if (pipe_[0] < 0) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  write_end = -1;
  close(pipe_[1]);  // The thread reads the end.
  thread_.join();
  close(pipe_[0]);
}

}  // namespace boardloop
