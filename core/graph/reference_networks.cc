#include "core/graph/reference_networks.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "core/graph/mobile_networks.h"
#include "core/graph/residual_networks.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

struct ReferenceNetwork {
  const char* name;
  absl::StatusOr<Graph> (*build)(const std::string& graph_name, const NetworkOptions& options);
};

constexpr ReferenceNetwork kNetworks[] = {
    {"resnet18", BuildResNet18},        {"resnet50", BuildResNet50},
    {"mobilenet_v2", BuildMobileNetV2}, {"proxyless_mobile", BuildProxylessMobile},
    {"mnasnet_a1", BuildMnasNetA1},
};

// Reads `text`, the value of `key`.
absl::Status ReadInteger(const std::string& key, const std::string& text, int32_t low, int32_t high,
                         int32_t* out) {
  if (absl::SimpleAtoi(text, out) && *out >= low && *out <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is \"%s\", must be an integer in [%d, %d]", key, text, low, high));
}

absl::Status ReadWidth(const std::string& text, double* out) {
  if (absl::SimpleAtod(text, out) && *out > 0 && *out <= kMaxWidthMult) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "width is \"%s\", must be a number above 0 and at most %g", text, kMaxWidthMult));
}

absl::Status ReadOption(const std::string& key, const std::string& value, NetworkOptions* options) {
  if (key == "width") return ReadWidth(value, &options->width_mult);
  if (key == "res") {
    return ReadInteger(key, value, kMinResolution, kMaxResolution, &options->resolution);
  }
  if (key == "classes") return ReadInteger(key, value, 1, kMaxClasses, &options->classes);
  if (key == "channels") {
    return ReadInteger(key, value, 1, kMaxInputChannels, &options->input_channels);
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("unknown key \"%s\"; these are: width, res, classes, channels", key));
}

// Reads "key=value,key=value".
absl::StatusOr<NetworkOptions> ReadOptions(const std::string& text) {
  NetworkOptions options;
  std::set<std::string> seen;
  std::vector<std::string> pairs = absl::StrSplit(text, ',');
  for (const std::string& pair : pairs) {
    std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.size() != 2) {
      return absl::InvalidArgumentError(
          absl::StrFormat("\"%s\" is not of the form key=value", pair));
    }
    if (!seen.insert(parts[0]).second) {
      return absl::InvalidArgumentError(absl::StrFormat("\"%s\" is given twice", parts[0]));
    }
    BL_RETURN_IF_ERROR(ReadOption(parts[0], parts[1], &options));
  }
  return options;
}

}  // namespace

absl::StatusOr<Graph> BuildReferenceNetwork(const std::string& spec) {
  std::vector<std::string> parts = absl::StrSplit(spec, absl::MaxSplits(':', 1));
  for (const ReferenceNetwork& network : kNetworks) {
    if (parts[0] != network.name) continue;
    absl::StatusOr<NetworkOptions> options = NetworkOptions();
    if (parts.size() == 2) options = ReadOptions(parts[1]);
    if (!options.ok()) return Annotate(options.status(), spec);
    absl::StatusOr<Graph> graph = network.build(spec, *options);
    if (!graph.ok()) return Annotate(graph.status(), spec);
    return graph;
  }
  return absl::NotFoundError(absl::StrFormat("no reference network \"%s\"; these are: %s", parts[0],
                                             absl::StrJoin(ReferenceNetworkNames(), ", ")));
}

std::vector<std::string> ReferenceNetworkNames() {
  std::vector<std::string> names;
  for (const ReferenceNetwork& network : kNetworks) names.push_back(network.name);
  return names;
}

}  // namespace boardloop
