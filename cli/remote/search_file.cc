#include "cli/remote/search_file.h"

#include <cstdint>
#include <filesystem>

#include "cli/remote/yaml_message.h"
#include "core/base/files.h"
#include "core/base/status.h"
#include "core/presets/search_presets.h"

namespace boardloop {
namespace {

constexpr int64_t kMaxBytes = 64 * 1024;

}  // namespace

absl::StatusOr<v1::Search> ParseSearchFile(const std::string& text, const std::string& source,
                                           const std::string& preset, bool supernet) {
  BL_ASSIGN_OR_RETURN(const YamlValue document, ParseYaml(text, source));
  YamlMap map(document);
  v1::Search search;
  std::string base;
  map.Optional("preset", &base);
  map.Optional("display_name", search.mutable_display_name());
  BL_RETURN_IF_ERROR(map.status());
  if (!preset.empty()) base = preset;
  if (!base.empty()) {
    v1::SearchSpec own;
    BL_RETURN_IF_ERROR(ReadFields(map, &own));
    BL_ASSIGN_OR_RETURN(*search.mutable_spec(), SearchPreset(base));
    if (supernet || !own.supernet_artifact().empty()) DropTraining(*search.mutable_spec());
    ScaleEvolution(own.evolution(), *search.mutable_spec()->mutable_evolution());
  }
  BL_RETURN_IF_ERROR(ReadFields(map, search.mutable_spec()));
  BL_RETURN_IF_ERROR(map.Finish());
  return search;
}

absl::StatusOr<v1::Search> ReadSearchFile(const std::string& path, const std::string& preset,
                                          bool supernet) {
  BL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBytes));
  BL_ASSIGN_OR_RETURN(v1::Search search, ParseSearchFile(text, path, preset, supernet));
  const std::string& data = search.spec().dataset().path();
  // Workers have other working folders than we.
  if (!data.empty() && data[0] != '~') {
    const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    const std::string full = (folder / data).lexically_normal().string();
    search.mutable_spec()->mutable_dataset()->set_path(full);
  }
  return search;
}

}  // namespace boardloop
