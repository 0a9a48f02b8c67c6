// The list of searches, for people and for scripts. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "boardloop/v1/search.pb.h"

namespace boardloop {

struct SearchRow {
  v1::Search search;                        // With its progress.
  int slot = 0;                             // Under which the metrics show it; 0: none.
  std::optional<absl::Duration> remaining;  // Of the stage of one that runs; nullopt: not known.
  std::optional<int64_t> best_sram_bytes;
  bool has_report = false;
};

// "/searches/{search}/report"
std::string ReportPath(const std::string& search);

// rows: newest first. more: there are older ones, which are left out.
std::string SearchesHtml(const std::vector<SearchRow>& rows, bool more);
std::string SearchesJson(const std::vector<SearchRow>& rows);

}  // namespace boardloop
