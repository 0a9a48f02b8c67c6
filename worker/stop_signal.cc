#include "worker/stop_signal.h"

#include <csignal>

namespace boardloop {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

void OnSignal(int signal_number) {
  stop_requested = 1;
  std::signal(signal_number, SIG_DFL);
}

}  // namespace

void CatchStopSignals() {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
}

bool StopRequested() { return stop_requested != 0; }

}  // namespace boardloop
