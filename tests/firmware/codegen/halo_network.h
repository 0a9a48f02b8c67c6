// A network whose patches have one operator grow its tile in place although another one needs more
// of that tile.
#pragma once

#include "core/graph/model.h"
#include "core/plan/plan.h"

namespace boardloop {

struct HaloNetwork {
  Model model;
  Plan plan;  // In patches, streamed input.
};

// The pooling needs a larger tile of "x" than "wide", which then grows in the place of "x".
HaloNetwork MakeHaloNetwork();

}  // namespace boardloop
