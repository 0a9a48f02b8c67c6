#include "server/search/fit_to_supernet.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_check.h"
#include "core/base/status.h"
#include "core/presets/check_training.h"
#include "core/space/space.h"

namespace boardloop {
namespace {

constexpr double kSame = 1e-9;  // JSON and command lines may write other digits.

std::string DatasetText(const v1::DatasetSpec& dataset) {
  return absl::StrCat(absl::AsciiStrToLower(v1::DatasetSpec::Kind_Name(dataset.kind())), " ",
                      dataset.path());
}

std::string Normal(const std::string& path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

// "is ASKED, the super-network of supernet_artifact has HAS"
template <typename Value>
std::string Differs(const Value& asked, const Value& has) {
  return absl::StrCat("is ", asked, ", the super-network of supernet_artifact has ", has);
}

absl::Status CheckDataset(const v1::DatasetSpec& asked, const v1::DatasetSpec& has,
                          int32_t resolution, int32_t channels) {
  if (!std::filesystem::path(has.path()).is_absolute()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "supernet_artifact was trained on %s, whose path is not absolute: workers, which read it "
        "on their own disks, cannot find it; train with an absolute one",
        DatasetText(has)));
  }
  const bool same_kind =
      asked.kind() == v1::DatasetSpec::KIND_UNSPECIFIED || asked.kind() == has.kind();
  const bool same_path = asked.path().empty() || Normal(asked.path()) == Normal(has.path());
  if (!same_kind || !same_path) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "dataset is %s, the super-network of supernet_artifact was trained on %s, which candidates "
        "are scored with: leave the data set out, or train a super-network on this one",
        DatasetText(asked), DatasetText(has)));
  }
  FieldCheck check("dataset");
  const auto same = [&](const char* field, double of_asked, double of_has) {
    check.Require(of_asked == 0 || std::abs(of_asked - of_has) <= kSame, field,
                  Differs(of_asked, of_has));
  };
  const auto fraction = [](double value, double standard) { return value == 0 ? standard : value; };
  same("resolution", asked.resolution(), resolution);
  same("channels", asked.channels(), channels);
  same("validation_fraction", asked.validation_fraction(),
       fraction(has.validation_fraction(), 1.0 / 6));
  same("test_fraction", asked.test_fraction(), fraction(has.test_fraction(), 0.1));
  check.Require(asked.split_seed() == 0 || asked.split_seed() == has.split_seed(), "split_seed",
                Differs(asked.split_seed(), has.split_seed()));
  const bool skips = has.on_broken() == v1::DatasetSpec::SKIP;
  check.Require(asked.on_broken() == v1::DatasetSpec::ON_BROKEN_UNSPECIFIED ||
                    (asked.on_broken() == v1::DatasetSpec::SKIP) == skips,
                "on_broken",
                Differs(v1::DatasetSpec::OnBroken_Name(asked.on_broken()),
                        std::string(skips ? "SKIP" : "REFUSE")));
  BL_RETURN_IF_ERROR(check.status());
  if (!asked.has_audio()) return absl::OkStatus();
  v1::AudioFeatures merged = has.audio();
  merged.MergeFrom(asked.audio());
  BL_ASSIGN_OR_RETURN(merged, CompleteAudio(merged, "dataset.audio"));
  BL_ASSIGN_OR_RETURN(const v1::AudioFeatures own, CompleteAudio(has.audio(), "dataset.audio"));
  check.Require(merged.SerializeAsString() == own.SerializeAsString(), "audio",
                Differs(asked.audio().ShortDebugString(), own.ShortDebugString()));
  return check.status();
}

// The networks alone: names, grid and what the data set decides are compared by themselves.
std::string NetworksOf(Space space) {
  space.clear_name();
  space.clear_description();
  space.clear_width_mults();
  space.clear_resolutions();
  space.clear_classes();
  space.clear_input_channels();
  return space.SerializeAsString();
}

// `has` with its classes and channels.
absl::Status CheckSpace(const Space& asked, const Space& has) {
  FieldCheck check("space");
  check.Require(asked.classes() == 0 || asked.classes() == has.classes(), "classes",
                Differs(asked.classes(), has.classes()));
  check.Require(asked.input_channels() == 0 || asked.input_channels() == has.input_channels(),
                "input_channels", Differs(asked.input_channels(), has.input_channels()));
  check.Require(asked.name().empty() || asked.name() == has.name(), "name",
                Differs(asked.name(), has.name()));
  check.Require(asked.stages().empty() || NetworksOf(asked) == NetworksOf(has), "stages",
                "are of other networks than those of the super-network of supernet_artifact");
  return check.status();
}

template <typename Values, typename Value>
void RequireIn(const char* field, const Values& asked, Value has, FieldCheck& check) {
  const bool allowed = asked.empty() || std::any_of(asked.begin(), asked.end(), [has](Value value) {
                         return std::abs(static_cast<double>(value - has)) <= kSame;
                       });
  check.Require(allowed, field, Differs(absl::StrJoin(asked, ", "), absl::StrCat(has)));
}

}  // namespace

absl::Status FitToSupernet(const v1::CheckpointHeader& header, v1::SearchSpec& spec) {
  const v1::SupernetSpec& supernet = header.supernet();
  Space space = supernet.space();
  if (supernet.classes() > 0) space.set_classes(supernet.classes());
  if (supernet.input_channels() > 0) space.set_input_channels(supernet.input_channels());
  BL_RETURN_IF_ERROR(CheckDataset(spec.dataset(), header.dataset(), supernet.resolution(),
                                  space.input_channels()));
  BL_RETURN_IF_ERROR(CheckSpace(spec.space(), space));
  FieldCheck check("space_optimization");
  RequireIn("width_mults", spec.space_optimization().width_mults(), supernet.width_mult(), check);
  RequireIn("resolutions", spec.space_optimization().resolutions(), supernet.resolution(), check);
  BL_RETURN_IF_ERROR(check.status());
  *spec.mutable_dataset() = header.dataset();
  *spec.mutable_space() = space;
  if (spec.has_space_optimization()) {
    spec.mutable_space_optimization()->clear_width_mults();
    spec.mutable_space_optimization()->clear_resolutions();
  }
  return absl::OkStatus();
}

}  // namespace boardloop
