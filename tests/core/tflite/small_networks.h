// One tiny network for each operator and each way it is written to a .tflite.
#pragma once

#include <string>
#include <vector>

#include "core/graph/model.h"

namespace boardloop {

// Names are those of the networks: letters, digits and underscores.
std::vector<std::string> SmallNetworkNames();

// The network of that name, with random weights.
Model SmallNetwork(const std::string& name);

// All that a model holds, as text: equal texts are equal models, and a difference is easy to see.
std::string ModelText(const Model& model);

}  // namespace boardloop
