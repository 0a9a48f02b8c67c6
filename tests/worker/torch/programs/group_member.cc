// One process of a group, for process_group_test.cc: what the environment says it is, doing what its first
// argument says. Writes what comes out to the file of the second argument.
//   sum    adds up rank + 1 and writes the sum
//   train  three steps of the small world, writes the weights
//   leave  joins and ends; `stay` joins, waits for the others' numbers and writes the error
#include <cstdio>
#include <fstream>
#include <string>

#include "ATen/ATen.h"
#include "tests/worker/torch/small_world.h"
#include "worker/torch/c10d_group.h"
#include "worker/torch/trainer.h"

namespace boardloop {
namespace {

std::string Train(ProcessGroup& group) {
  const Dataset data = Quadrants(96, 1);
  const DeviceData train(data, at::kCPU);
  Trainer::Options options;
  options.group = &group;
  const auto trainer = Trainer::Create(SmallStart(96), train, options).value();
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = trainer->Step();
    if (!status.ok()) return status.ToString();
  }
  const at::Tensor weights = trainer->Snapshot().value().weights;
  return {static_cast<const char*>(weights.data_ptr()), weights.nbytes()};
}

std::string Sum(ProcessGroup& group) {
  at::Tensor value = at::full({1}, 1.0 + group.rank());
  const absl::Status status = group.Sum(value);
  return status.ok() ? std::to_string(value.item<double>()) : status.ToString();
}

int Run(const std::string& what, const std::string& file) {
  absl::StatusOr<std::unique_ptr<ProcessGroup>> group =
      JoinProcessGroup(at::kCPU, absl::Seconds(what == "stay" || what == "leave" ? 5 : 60));
  std::string result;
  if (!group.ok()) {
    result = group.status().ToString();
  } else if (what == "leave") {
    return 0;
  } else {
    result = what == "train" ? Train(**group) : Sum(**group);
  }
  std::ofstream(file, std::ios::binary) << result;
  return 0;
}

}  // namespace
}  // namespace boardloop

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return boardloop::Run(argv[1], argv[2]);
}
