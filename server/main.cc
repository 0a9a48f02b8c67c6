#include "glog/logging.h"
#include "server/program.h"

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  return boardloop::RunServer(argc, argv);
}
