// The `boardloop-agent` program.
#include "device-agent/program.h"
#include "glog/logging.h"

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;  // No log files: only broken invariants are logged.
  google::InitGoogleLogging(argv[0]);
  return boardloop::RunAgent(argc, argv);
}
