#include "worker/supernet_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/graph/build_subnet.h"
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
  LoadedCheckpoint loaded;
  BL_ASSIGN_OR_RETURN(loaded.checkpoint, ReadCheckpoint(path));
  BL_ASSIGN_OR_RETURN(loaded.device, DeviceFromFlags(device));
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
  const std::vector<std::string> expected(header.classes().begin(), header.classes().end());
  if (data.train.classes == expected) return data;
  return absl::InvalidArgumentError(
      absl::StrCat(spec.path(), " has the classes ", absl::StrJoin(data.train.classes, ", "),
                   "; the checkpoint was trained on ", absl::StrJoin(expected, ", ")));
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
