#include "bench/subnet_scorer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "worker/supernet_file.h"
#include "worker/torch/score.h"

namespace boardloop {
namespace {

Dataset Cut(const Dataset& all, int64_t begin, int64_t end) {
  Dataset part;
  part.shape = all.shape;
  part.classes = all.classes;
  part.labels.assign(all.labels.begin() + begin, all.labels.begin() + end);
  const int64_t bytes = all.shape.elements();
  part.pixels.assign(all.pixels.begin() + begin * bytes, all.pixels.begin() + end * bytes);
  return part;
}

class CheckpointScorer : public SubnetScorer {
 public:
  CheckpointScorer(LoadedCheckpoint loaded, const TrainingData& samples, int64_t search_images,
                   int threads)
      : loaded_(std::move(loaded)),
        train_(samples.train, loaded_.device.device),
        search_(Cut(samples.validation, 0, search_images), loaded_.device.device),
        unseen_(Cut(samples.validation, search_images, samples.validation.size()),
                loaded_.device.device) {
    options_.threads = threads;
  }

  const v1::SupernetSpec& supernet() const override { return loaded_.checkpoint.header.supernet(); }
  int64_t images(Part part) const override { return DataOf(part).size(); }
  int64_t scored() const override { return static_cast<int64_t>(known_[0].size()); }

  absl::StatusOr<std::vector<double>> Top1(absl::Span<const Subnet> subnets, Part part) override {
    std::map<std::string, double>& known = known_[part == Part::kUnseen];
    std::map<std::string, Subnet> missing;
    for (const Subnet& subnet : subnets) {
      const std::string text = CanonicalText(subnet);
      if (known.count(text) == 0) missing.emplace(text, subnet);
    }
    std::vector<Subnet> wanted;
    for (const auto& [text, subnet] : missing) wanted.push_back(subnet);
    BL_ASSIGN_OR_RETURN(
        const std::vector<Score> scores,
        ScoreSubnets(loaded_.space(), loaded_.weights, wanted, train_, DataOf(part), options_));
    for (size_t i = 0; i < wanted.size(); ++i) known[CanonicalText(wanted[i])] = scores[i].top1;
    std::vector<double> top1;
    for (const Subnet& subnet : subnets) top1.push_back(known[CanonicalText(subnet)]);
    return top1;
  }

 private:
  const DeviceData& DataOf(Part part) const { return part == Part::kSearch ? search_ : unseen_; }

  const LoadedCheckpoint loaded_;
  const DeviceData train_, search_, unseen_;
  ScoreOptions options_;
  std::map<std::string, double> known_[2];  // By canonical text; the search's, the other's.
};

}  // namespace

absl::StatusOr<std::unique_ptr<SubnetScorer>> SubnetScorer::Load(const std::string& checkpoint,
                                                                 int64_t search_images,
                                                                 int threads) {
  DeviceFlags device;
  device.threads = threads;
  BL_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, LoadCheckpoint(checkpoint, device));
  BL_ASSIGN_OR_RETURN(const TrainingData samples, LoadCheckpointData(loaded, DataFlags(), threads));
  if (search_images >= samples.validation.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d images for the search leave none of the %d of the validation split",
                        search_images, samples.validation.size()));
  }
  return std::make_unique<CheckpointScorer>(std::move(loaded), samples, search_images, threads);
}

}  // namespace boardloop
