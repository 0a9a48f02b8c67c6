#include "cli/load_network.h"

#include <sys/stat.h>

#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/model_file.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "core/graph/reference_networks.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxSubnetBytes = int64_t{1} << 20;

struct Released {
  const char* name;
  const char* subnet;
};

// Kernel sizes and expand ratios as read from the network definitions of
// github.com/mit-han-lab/mcunet.
constexpr Released kReleased[] = {
    {"mcunet_vww1",
     "mbv2-imagenet w0.5 r80 c2 i3 | 3e6 3e3 3e3 | 7e3 3e6 5e5 | 7e6 7e6 | 3e6 3e4 | 5e5 3e5 3e4 "
     "| 7e3"},
    {"mcunet_in3",
     "mbv2-imagenet w0.5 r176 c1000 i3 | 7e3 3e5 7e5 5e4 | 5e5 5e5 5e5 | 3e5 7e6 5e4 "
     "| 5e5 7e5 3e5 | 3e6 7e5 3e4 | 7e5"},
};

absl::StatusOr<Graph> BuildFromSpace(const Subnet& subnet, const std::string& space_name) {
  BL_ASSIGN_OR_RETURN(const Space space,
                      space_name.empty() ? SpacePreset(subnet.space) : LoadSpace(space_name));
  if (space.name() != subnet.space) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the subnet is of space \"%s\", the space given is \"%s\"", subnet.space, space.name()));
  }
  BL_RETURN_IF_ERROR(ValidateSubnet(space, subnet, /*any_gene=*/true));
  return BuildSubnet(space, subnet);
}

bool IsReleased(const std::string& name) {
  for (const Released& released : kReleased) {
    if (name == released.name) return true;
  }
  return false;
}

absl::StatusOr<Graph> LoadSubnetFile(const std::string& path, const std::string& space) {
  BL_ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMaxSubnetBytes));
  BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseSubnet(json, path));
  absl::StatusOr<Graph> graph = BuildFromSpace(subnet, space);
  if (!graph.ok()) return Annotate(graph.status(), path);
  return graph;
}

absl::StatusOr<Graph> LoadByName(const std::string& name) {
  struct stat file;
  if (stat(name.c_str(), &file) == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is %s, a network is a .json, .tflite or .blm file or a name", name,
        S_ISDIR(file.st_mode) ? "a directory"
                              : "a file of unknown type (its name has none of these endings)"));
  }
  absl::StatusOr<Graph> graph = BuildReferenceNetwork(name);
  if (!absl::IsNotFound(graph.status())) return graph;
  return absl::NotFoundError(absl::StrFormat(
      "no network \"%s\": names are %s, %s; files end in .json, .tflite or .blm", name,
      absl::StrJoin(ReferenceNetworkNames(), ", "), absl::StrJoin(ReleasedNetworkNames(), ", ")));
}

absl::StatusOr<Graph> LoadUnnamed(const std::string& net, const std::string& space) {
  if (absl::EndsWith(net, ".json")) return LoadSubnetFile(net, space);
  if (IsModelFile(net)) {
    BL_ASSIGN_OR_RETURN(Model model, ReadModelFile(net));
    return std::move(model.graph);
  }
  if (absl::StrContains(net, "|")) {
    BL_ASSIGN_OR_RETURN(const Subnet subnet, ParseCanonicalText(net));
    return BuildFromSpace(subnet, space);
  }
  if (IsReleased(net)) {
    BL_ASSIGN_OR_RETURN(const Subnet subnet, ReleasedNetwork(net));
    return BuildFromSpace(subnet, "");
  }
  return LoadByName(net);
}

}  // namespace

bool IsSubnet(const std::string& net) {
  return absl::EndsWith(net, ".json") || absl::StrContains(net, "|");
}

absl::StatusOr<Graph> LoadNetwork(const std::string& net, const std::string& space) {
  BL_ASSIGN_OR_RETURN(Graph graph, LoadUnnamed(net, space));
  graph.name = net;
  return graph;
}

absl::StatusOr<Model> LoadModel(const std::string& net, const std::string& space) {
  constexpr uint64_t kWeightsSeed = 1;
  if (IsModelFile(net)) {
    BL_ASSIGN_OR_RETURN(Model model, ReadModelFile(net));
    model.graph.name = net;
    return model;
  }
  BL_ASSIGN_OR_RETURN(const Graph graph, LoadNetwork(net, space));
  return RandomModel(graph, kWeightsSeed);
}

std::vector<std::string> ReleasedNetworkNames() {
  std::vector<std::string> names;
  for (const Released& released : kReleased) names.push_back(released.name);
  return names;
}

absl::StatusOr<Subnet> ReleasedNetwork(const std::string& name) {
  for (const Released& released : kReleased) {
    if (name == released.name) return ParseCanonicalText(released.subnet);
  }
  return absl::NotFoundError(absl::StrFormat("no released network \"%s\"; there are %s", name,
                                             absl::StrJoin(ReleasedNetworkNames(), ", ")));
}

}  // namespace boardloop
