// What all reference networks can be asked for.
#pragma once

#include <cstdint>

namespace boardloop {

struct NetworkOptions {
  double width_mult = 1.0;
  int32_t resolution = 224;
  int32_t classes = 1000;
  int32_t input_channels = 3;
};

}  // namespace boardloop
