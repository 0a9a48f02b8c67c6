// The space files that are compiled into the library (presets/*.json).
#pragma once

#include <vector>

namespace boardloop {

struct EmbeddedSpace {
  const char* name;
  const char* json;
};

const std::vector<EmbeddedSpace>& EmbeddedSpaces();

}  // namespace boardloop
