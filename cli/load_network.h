// Networks by what a user types: a name, a subnet or a file.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/graph/graph.h"
#include "core/graph/model.h"
#include "core/space/subnet.h"

namespace boardloop {

// Loads the network that `net` names:
//   "x.json"                  a subnet file
//   "x.tflite", "x.blm"       an int8 model (docs/formats/tflite.md, docs/formats/model.md)
//   "mbv2-imagenet w0.5 ..."  a subnet as canonical text (core/space/subnet.h), told by its '|'
//   "mcunet_in3"              a released MCUNet network (ReleasedNetworkNames)
//   "mobilenet_v2:res=96"     a reference network (core/graph/reference_networks.h)
//
// `space` is the preset's name or the file of the space that subnets come from; empty: the preset
// that a subnet names. Genes outside the space's choices are accepted as ValidateSubnet says (e = 5
// of the released networks). The graph is named `net`.
//
// NOT_FOUND         no such file, network or space
// INVALID_ARGUMENT  the file or text is refused; or a status of ImportTflite
//                   or ParseModel
absl::StatusOr<Graph> LoadNetwork(const std::string& net, const std::string& space);

// The same as a model to run. A file of a model has its weights; any other network gets seeded random ones
// (RandomModel), which is enough for its time, its memory and the exactness of its arithmetic.
absl::StatusOr<Model> LoadModel(const std::string& net, const std::string& space);

// Whether LoadNetwork takes `net` for a subnet, which a space may be given for.
bool IsSubnet(const std::string& net);

// The networks that the MCUNet papers' authors released, which are subnets of mbv2-imagenet:
// mcunet_vww1 (80 px, 2 classes) and mcunet_in3 (ImageNet, 320 kB).
std::vector<std::string> ReleasedNetworkNames();

// NOT_FOUND  no such network
absl::StatusOr<Subnet> ReleasedNetwork(const std::string& name);

}  // namespace boardloop
