#include "worker/supernet_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
#include "worker/torch/network.h"
#include "worker/torch/recipe.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxSubnetBytes = 1 << 20;

absl::StatusOr<Subnet> NetworkOf(const v1::CheckpointHeader& header) {
  if (header.subnet().empty()) return LargestOf(header.supernet());
  return ParseCanonicalText(header.subnet());
}

absl::StatusOr<Subnet> ReadSubnet(const v1::SupernetSpec& supernet, const std::string& name) {
  if (name == "largest") return LargestOf(supernet);
  if (name == "smallest") return SmallestOf(supernet);
  if (name.find('|') != std::string::npos) return ParseCanonicalText(name);
  BL_ASSIGN_OR_RETURN(const std::string json, ReadFile(name, kMaxSubnetBytes));
  return ParseSubnet(json, name);
}

absl::Status CheckSameFamily(const v1::SupernetSpec& supernet, const Subnet& subnet,
                             const std::string& name) {
  BL_RETURN_IF_ERROR(Annotate(ValidateSubnet(supernet.space(), subnet, /*any_gene=*/false), name));
  const Subnet largest = LargestOf(supernet);
  if (subnet.width_mult == largest.width_mult && subnet.resolution == largest.resolution &&
      subnet.classes == largest.classes && subnet.input_channels == largest.input_channels) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s has width %g, resolution %d, %d classes and %d input channels; the super-network is of "
      "width %g, resolution %d, %d classes and %d input channels",
      name, subnet.width_mult, subnet.resolution, subnet.classes, subnet.input_channels,
      largest.width_mult, largest.resolution, largest.classes, largest.input_channels));
}

}  // namespace

absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(const std::string& path,
                                                const DeviceFlags& device) {
  BL_ASSIGN_OR_RETURN(Checkpoint checkpoint, ReadCheckpoint(path));
  BL_ASSIGN_OR_RETURN(const ComputeDevice compute, DeviceFromFlags(device));
  return PrepareCheckpoint(std::move(checkpoint), compute);
}

absl::StatusOr<LoadedCheckpoint> PrepareCheckpoint(Checkpoint checkpoint,
                                                   const ComputeDevice& device) {
  LoadedCheckpoint loaded;
  loaded.checkpoint = std::move(checkpoint);
  loaded.device = device;
  const v1::CheckpointHeader& header = loaded.checkpoint.header;
  BL_ASSIGN_OR_RETURN(const Subnet network, NetworkOf(header));
  BL_ASSIGN_OR_RETURN(loaded.largest, BuildSubnet(loaded.space(), network));
  LayoutOptions options;
  options.kernel_transforms = header.training().recipe() == v1::TrainingSpec::OFA;
  BL_ASSIGN_OR_RETURN(ParameterLayout layout, ParameterLayout::ForGraph(loaded.largest, options));
  loaded.weights = ViewWeights(std::make_shared<const ParameterLayout>(std::move(layout)),
                               loaded.checkpoint.scored().to(loaded.device.device));
  return loaded;
}

absl::StatusOr<TrainingData> LoadCheckpointData(const LoadedCheckpoint& loaded,
                                                const DataFlags& flags, int threads) {
  const v1::CheckpointHeader& header = loaded.checkpoint.header;
  BL_ASSIGN_OR_RETURN(const v1::DatasetSpec spec,
                      DatasetFromFlags(flags, header.supernet().resolution(), header.dataset()));
  v1::SupernetSpec supernet = header.supernet();
  BL_ASSIGN_OR_RETURN(TrainingData data, LoadForTraining(spec, threads, supernet));
  BL_RETURN_IF_ERROR(CheckClasses(loaded, data.train.classes, spec.path()));
  return data;
}

absl::Status CheckClasses(const LoadedCheckpoint& loaded, const std::vector<std::string>& classes,
                          const std::string& path) {
  const auto& names = loaded.checkpoint.header.classes();
  const std::vector<std::string> expected(names.begin(), names.end());
  if (classes == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, " has the classes ", absl::StrJoin(classes, ", "),
                   "; the checkpoint was trained on ", absl::StrJoin(expected, ", ")));
}

absl::StatusOr<Subnet> SubnetOf(const LoadedCheckpoint& loaded, const std::string& canonical_text) {
  if (loaded.single()) {
    return absl::InvalidArgumentError(
        "the checkpoint is of one network alone: there are no subnets to choose");
  }
  BL_ASSIGN_OR_RETURN(Subnet subnet, ParseCanonicalText(canonical_text));
  BL_RETURN_IF_ERROR(CheckSameFamily(loaded.checkpoint.header.supernet(), subnet, canonical_text));
  return subnet;
}

absl::StatusOr<at::Tensor> InheritedWeights(const LoadedCheckpoint& loaded, const Graph& graph) {
  BL_ASSIGN_OR_RETURN(ParameterLayout layout, ParameterLayout::ForGraph(graph, LayoutOptions()));
  at::Tensor flat = at::zeros({layout.size()}, loaded.device.device);
  const Weights own = ViewWeights(std::make_shared<const ParameterLayout>(std::move(layout)), flat);
  BL_RETURN_IF_ERROR(InheritWeights(loaded.weights, own, graph));
  return flat;
}

std::function<at::Tensor(const at::Tensor& images)> LargestAsTeacher(
    const LoadedCheckpoint& loaded) {
  return [&loaded](const at::Tensor& images) {
    return ForwardTraining(loaded.largest, loaded.weights, images);
  };
}

absl::StatusOr<std::vector<Subnet>> ChooseSubnets(const LoadedCheckpoint& loaded,
                                                  const std::vector<std::string>& names, int random,
                                                  uint64_t seed) {
  const v1::CheckpointHeader& header = loaded.checkpoint.header;
  std::vector<Subnet> subnets;
  if (loaded.single()) {
    if (!names.empty() || random > 0) {
      return absl::InvalidArgumentError(
          "the checkpoint is of one network alone: there are no subnets to choose");
    }
    BL_ASSIGN_OR_RETURN(Subnet subnet, ParseCanonicalText(header.subnet()));
    subnets.push_back(std::move(subnet));
    return subnets;
  }
  for (const std::string& name : names) {
    BL_ASSIGN_OR_RETURN(Subnet subnet, ReadSubnet(header.supernet(), name));
    BL_RETURN_IF_ERROR(CheckSameFamily(header.supernet(), subnet, name));
    subnets.push_back(std::move(subnet));
  }
  Random generator(seed);
  for (int i = 0; i < random; ++i) subnets.push_back(SampleOf(header.supernet(), generator));
  return subnets;
}

}  // namespace boardloop
