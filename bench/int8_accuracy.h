// `supernet_bench int8`: what subnets lose on the way from float to int8.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "worker/flags.h"
#include "worker/torch/quantize/qat.h"

namespace boardloop {

struct Int8Flags {
  std::string checkpoint;
  int32_t subnets = 8;
  uint64_t seed = 1;
  double qat_epochs = 0;
  double qat_rate = QatOptions().peak_rate;
  std::vector<double> fp32_rates = {0.05, 0.1, 0.2};
  DataFlags data;
  DeviceFlags device;
  bool json = false;
};

// `flags` must outlive `program`.
CLI::App& AddInt8Command(CLI::App& program, Int8Flags& flags);

absl::Status RunInt8(const Int8Flags& flags);

}  // namespace boardloop
