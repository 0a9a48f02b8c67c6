// The flags of `boardloop submit` that say what to search: they override the file and the preset.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

struct SearchFlags {
  std::string file;    // Empty: none.
  std::string preset;  // Empty: the file's, or "quick" without a file.
  std::string title;
  std::string dataset;
  v1::DatasetSpec::Kind dataset_kind = v1::DatasetSpec::KIND_UNSPECIFIED;
  bool skip_broken = false;
  // What networks are planned for until a worker has seen the data.
  std::optional<int32_t> classes;
  std::optional<int32_t> channels;
  std::vector<double> width_mults;  // Of the pairs to choose from; empty: the base's.
  std::vector<int32_t> resolutions;
  std::string board_type;
  std::optional<int64_t> sram_bytes;
  std::optional<int64_t> flash_bytes;
  double latency_ms = 0;  // 0: not given.
  v1::Objective objective = v1::OBJECTIVE_UNSPECIFIED;
  v1::MeasurePolicy measure = v1::MEASURE_POLICY_UNSPECIFIED;
  std::optional<int32_t> generations;
  std::optional<int32_t> population;
  double epochs = 0;  // Of the super-network; 0: not given.
  std::optional<int32_t> finalists;
  double finetune_epochs = -1;  // Below 0: not given.
  std::optional<uint64_t> seed;
  std::string supernet;  // `artifacts/{sha256}` or a file.
};

void AddSearchFlags(CLI::App& command, SearchFlags& flags);

// The search that the flags ask for; `supernet` is left to the caller, who may have to upload it.
// Statuses of ReadSearchFile and SearchPreset.
absl::StatusOr<v1::Search> SearchFromFlags(const SearchFlags& flags);

}  // namespace boardloop
